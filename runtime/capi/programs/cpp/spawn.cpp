// What a codelet costs in C++: empty ones, spawned from one thread. It is `c/spawn.c` by way of sprat.hpp, with the same options, and
// `cargo run --release -p sprat-capi --bin twin spawn` is the same in Rust.
//
//     spawn [CODELETS [REPEATS [ACCESSES]]]     1000000 and 9 unless said otherwise; with no, one and two accesses
#include <sprat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using blocks = std::vector<sprat::block<double>>;
using seen = sprat::view<const double>;
using changed = sprat::view<double>;

struct params {
  double at, one, two;
};

void spawn(sprat::scope &s, std::size_t codelets, std::size_t accesses, const blocks &all) {
  for (std::size_t i = 0; i < codelets; i++) {
    const params p = {double(i), 1, 2};
    const auto mine = all[i % 64];
    switch (accesses) {
    case 0: s.codelet("empty").spawn([p](sprat::scope &) { static_cast<void>(p); }); break;
    case 1: s.codelet("empty").spawn([p](sprat::scope &, changed) { static_cast<void>(p); }, mine.read_write()); break;
    default:
      s.codelet("empty").spawn([p](sprat::scope &, seen, changed) { static_cast<void>(p); }, all[(i + 1) % 64].read(), mine.read_write());
    }
  }
}

std::size_t number(int argc, char **argv, int at, std::size_t otherwise) {
  return argc > at ? std::size_t(std::strtoull(argv[at], nullptr, 10)) : otherwise;
}

} // namespace

int main(int argc, char **argv) try {
  const std::size_t codelets = number(argc, argv, 1, 1000000), repeats = number(argc, argv, 2, 9);
  if (codelets == 0 || repeats == 0) {
    std::fprintf(stderr, "spawn: CODELETS and REPEATS are at least 1\n");
    return 2;
  }
  sprat::runtime rt;
  blocks all;
  for (int i = 0; i < 64; i++) all.push_back(rt.make_block<double>(1));
  for (std::size_t accesses = 0; accesses <= 2; accesses++) {
    if (number(argc, argv, 3, accesses) != accesses) continue;
    std::vector<double> times;
    for (std::size_t i = 0; i <= repeats; i++) {
      const auto begin = std::chrono::steady_clock::now();
      rt.finish([&](sprat::scope &s) { spawn(s, codelets, accesses, all); });
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
      times.push_back(took.count() / double(codelets));
    }
    // The first one warms up.
    times.erase(times.begin());
    std::sort(times.begin(), times.end());
    std::printf("time: %.1f ns a codelet with %zu accesses (median of %zu, %.1f to %.1f)\n", times[repeats / 2], accesses, repeats,
                times.front(), times.back());
  }
  return 0;
} catch (const std::exception &thrown) {
  std::fprintf(stderr, "spawn: %s\n", thrown.what());
  return 1;
}
