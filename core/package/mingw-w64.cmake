# Toolchain file: cross-compiles for 64-bit Windows with Debian's g++-mingw-w64-x86-64-posix.
#
#   cmake -B build/win32 -DCMAKE_TOOLCHAIN_FILE=core/package/mingw-w64.cmake
#
# Programs are linked statically, so that they run without the compiler's libraries beside them, and
# run under Wine where it is installed.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# The machine's own .pc files tell of libraries for Linux.
set(ENV{PKG_CONFIG_LIBDIR} /usr/x86_64-w64-mingw32/lib/pkgconfig)
# Windows 10: the version whose functions the headers declare.
set(CMAKE_CXX_FLAGS_INIT -D_WIN32_WINNT=0x0A00)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
# "wine" starts a desktop's helpers first; "wine64" only the program.
find_program(FURROW_WINE NAMES wine64 wine wine64-stable wine-stable
             PATHS /usr/lib/wine NO_CMAKE_FIND_ROOT_PATH)
if(FURROW_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${FURROW_WINE})
endif()
