"""What is measured of files: the topics, the files they read, and what is asked of furrow.

A topic is one piece of work, as server.cpp does it for furrow and python_peer.py for its peers: a
line of words. {in} is the topic's file, {out} a new one for whoever writes, {low} and {high} the
columns of the slab. `before` is done once by both. `repeat`: so many times in a row at each turn;
for short work, and where a peer takes seconds, in which a virtual machine gives freed memory back
to its host. Peers named furrow_… are other work of furrow's: one stage of the topic's, alone.
asked: ((peer, …), least ratio of its time by furrow's). `part`: the file is larger than --bytes,
and made of this one (files.py); the memory of all processes of furrow is measured in a run of its
own, and the rounds are three at most. Another topic is another line here, and another word in
server.cpp where it does what none of them does.
"""
import collections

Topic = collections.namedtuple("Topic", "name what file ours peers asked before repeat part",
                               defaults=((), "", 1, ""))
H5PY = {"h5py": "load {in}"}
CHUNK = "16 8192"

TOPICS = [
    Topic("gzip", "load, gzip-4", "gzip", "load {in}", H5PY, (("h5py",), 3.2)),
    Topic("gzip_into", "load, gzip-4, into an array that exists", "gzip", "load_into {in}",
          {"h5py": "load_into {in}"}, (("h5py",), 4.5)),
    Topic("shuffle", "load, shuffle and gzip-4", "shuffle", "load {in}", H5PY, (("h5py",), 3.2)),
    Topic("chunked", "load, chunks without filters", "chunked", "load {in}", H5PY,
          (("h5py",), 1.8)),
    Topic("contiguous", "load, contiguous", "contiguous", "load {in}", H5PY, (("h5py",), 1.8)),
    Topic("contiguous_into", "load, contiguous, into an array that exists", "contiguous",
          "load_into {in}", {"h5py": "load_into {in}"}),
    Topic("f16", "load, f16 in chunks without filters", "f16", "load {in}", H5PY),
    Topic("f16_as_f64", "the same as f64", "f16", "load_f64 {in}", {"h5py": "load_f64 {in}"},
          (("h5py",), 10.0), "", 3),
    Topic("big_endian", "load, big-endian, contiguous", "big_endian", "load {in}", H5PY),
    Topic("small", "load of 1 MiB, gzip-4", "small", "load {in}", H5PY, (("h5py",), 1.0), "", 20),
    Topic("small_plain", "load of 1 MiB, contiguous", "small_plain", "load {in}", H5PY,
          (("h5py",), 1.0), "", 20),
    Topic("small_plain_into", "load of 1 MiB, contiguous, into an array that exists",
          "small_plain", "load_into {in}", {"h5py": "load_into {in}"}, (("h5py",), 1.0), "", 20),
    Topic("slab", "an eighth of the columns, gzip-4 in chunks of rows", "gzip",
          "slab {in} {low} {high}",
          {"h5py": "slab {in} {low} {high}", "by_chunks": "slab_by_chunks {in} {low} {high}"},
          (("h5py", "by_chunks"), 0.83)),
    Topic("save_gzip", "save, gzip-4", "contiguous", f"save {{out}} 4 {CHUNK}",
          {"h5py": f"save {{out}} 4 {CHUNK}"}, (("h5py",), 2.3), "fill {in}"),
    Topic("save_contiguous", "save, contiguous", "contiguous", "save {out} 0 0 0",
          {"h5py": "save {out} 0 0 0"}, (), "fill {in}"),
    Topic("stream_sum", "sum in slabs of a stream, contiguous", "contiguous", "stream_sum {in}",
          {"h5py": "stream_sum {in}", "furrow_reading": "stream_read {in}"},
          (("furrow_reading",), 0.85)),
    Topic("stream_sum_gzip", "sum in slabs of a stream, gzip-4", "gzip", "stream_sum {in}",
          {"h5py": "stream_sum {in}", "furrow_reading": "stream_read {in}"},
          (("furrow_reading",), 0.85)),
    Topic("stream_sqrt", "y = sqrt(abs(x)) from file to file, contiguous", "contiguous",
          "stream_sqrt {out} {in}",
          {"h5py": "stream_sqrt {out} {in}"}),
    Topic("large_sum", "sum in slabs of eight times as much, contiguous", "large",
          "stream_sum {in}", {"furrow_reading": "stream_read {in}"}, (("furrow_reading",), 0.85),
          part="contiguous"),
    Topic("large_sum_gzip", "sum in slabs of eight times as much, gzip-4", "large_gzip",
          "stream_sum {in}", {"furrow_reading": "stream_read {in}"}, (("furrow_reading",), 0.85),
          part="contiguous"),
    Topic("npy", "load .npy", "npy", "npy_load {in}",
          {"numpy": "npy_load {in}", "fromfile": "fromfile {in}"}),
    Topic("npy_into", "load .npy into an array that exists", "npy", "npy_load_into {in}",
          {"fromfile": "readinto {in}"}),
    Topic("npy_save", "save .npy", "npy", "npy_save {out}", {"numpy": "npy_save {out}"}, (),
          "npy_fill {in}"),
]
