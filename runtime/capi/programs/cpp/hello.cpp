#include <sprat.hpp>

#include <cstdio>

int main() try {
  sprat::runtime rt;
  const auto tiles = rt.make_blocks<double>(4, 1000);
  rt.finish([&](sprat::scope &s) {
    for (int i = 0; i < 4; i++) {
      s.codelet("fill").near(tiles[i]).spawn(
          [i](sprat::scope &, sprat::view<double> x) {
            for (double &v : x) v = i;
          },
          tiles[i].write());
    }
    for (int i = 0; i < 3; i++) {
      s.codelet("add").spawn(
          [](sprat::scope &, sprat::view<const double> from, sprat::view<double> to) {
            for (std::size_t k = 0; k < to.size(); k++) to[k] += from[k];
          },
          tiles[i].read(), tiles[i + 1].read_write());
    }
  });
  std::printf("the last tile holds %g\n", rt.first(tiles[3]));
} catch (const sprat::error &e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
