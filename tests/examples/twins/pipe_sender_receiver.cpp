// receiver, sender = Pipe(); Process(target=send, args=(sender,)) …; print(receiver.recv())
#include <cstdio>
#include <string>
#include <vector>

#include <furrow/process/connection.hpp>
#include <furrow/process/initialize.hpp>
#include <furrow/process/process.hpp>

namespace mp = furrow::mp;

static void send(const mp::Connection& connection) {
  for (const char* const text : {"first", "second", "third"}) connection.send(text);
  connection.send(std::vector<int>{1, 2, 3});
  connection.close();
}

static void receive(const mp::Connection& connection) {
  for (int i = 0; i < 3; ++i) std::printf("%s\n", connection.recv<std::string>().c_str());
  for (const int number : connection.recv<std::vector<int>>()) std::printf("%d\n", number);
  try {
    connection.recv<int>();
  } catch (const furrow::EndOfFile&) {
    std::printf("end\n");
  }
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  auto [receiver, sender] = mp::Pipe(false);
  mp::Process one(send, sender);
  one.start();
  sender.close();
  mp::Process two(receive, receiver);
  two.start();
  receiver.close();
  one.join();
  two.join();
}
