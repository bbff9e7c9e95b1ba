// Breadth-first search, level by level, in parts: a codelet for each part of the vertices looks at the edges into it. The result
// is compared with a serial search.
//
//     bfs [SCALE [DEGREE [PARTS]]]     16, 16 and 32 unless said otherwise: 2^SCALE vertices
#include <sprat.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

using vertex = std::uint32_t;
constexpr vertex unseen = ~vertex(0);

// Edges by the vertex that they go to: those of v are from[start[v]], ..., from[start[v + 1] - 1].
struct graph {
  std::vector<std::uint64_t> start;
  std::vector<vertex> from;
  vertex vertices() const { return static_cast<vertex>(start.size() - 1); }
};

// Random numbers, the same in each language (SplitMix64: Steele, Lea and Flood 2014).
struct random_numbers {
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};

// Edges that go both ways, more of them at some vertices than at others (R-MAT, Chakrabarti, Zhan and Faloutsos 2004).
graph random_graph(unsigned scale, unsigned degree) {
  random_numbers random{7};
  const vertex vertices = vertex(1) << scale;
  const std::size_t edges = std::size_t(vertices) * degree / 2;
  std::vector<std::pair<vertex, vertex>> list;
  list.reserve(2 * edges);
  for (std::size_t e = 0; e < edges; e++) {
    vertex a = 0, b = 0;
    for (unsigned bit = 0; bit < scale; bit++) {
      const auto p = random() % 100;
      a = 2 * a + (p >= 76), b = 2 * b + ((p >= 57 && p < 76) || p >= 95);
    }
    list.emplace_back(a, b), list.emplace_back(b, a);
  }
  std::sort(list.begin(), list.end());
  graph g;
  g.start.assign(vertices + 1, 0);
  for (const auto &edge : list) g.start[edge.first + 1]++, g.from.push_back(edge.second);
  for (vertex v = 0; v < vertices; v++) g.start[v + 1] += g.start[v];
  return g;
}

std::vector<vertex> serial(const graph &g, vertex root) {
  std::vector<vertex> level(g.vertices(), unseen), queue{root};
  level[root] = 0;
  for (std::size_t at = 0; at < queue.size(); at++) {
    const vertex v = queue[at];
    for (std::uint64_t e = g.start[v]; e < g.start[v + 1]; e++) {
      const vertex w = g.from[e];
      if (level[w] == unseen) level[w] = level[v] + 1, queue.push_back(w);
    }
  }
  return level;
}

// Two copies of the levels take turns: each step reads all of one and writes the parts of the other.
struct search {
  sprat::block<std::uint64_t> start;
  sprat::block<vertex> from;
  sprat::block<vertex> levels[2];
  sprat::block<std::uint64_t> found, step;
};

void spawn_step(sprat::scope &s, const search &b, vertex vertices, vertex parts, int turn) {
  s.codelet("begin").spawn(
      [](sprat::scope &, sprat::view<std::uint64_t> found, sprat::view<std::uint64_t> step) { found[0] = 0, step[0]++; },
      b.found.write(), b.step.read_write());
  for (vertex p = 0; p < parts; p++) {
    const vertex begin = vertex(std::uint64_t(vertices) * p / parts), end = vertex(std::uint64_t(vertices) * (p + 1) / parts);
    s.codelet("look").spawn(
        [begin](sprat::scope &, sprat::view<const std::uint64_t> start, sprat::view<const vertex> from,
                sprat::view<const vertex> now, sprat::view<vertex> next, sprat::view<const std::uint64_t> step,
                sprat::view<std::uint64_t> found) {
          for (std::size_t i = 0; i < next.size(); i++) {
            const std::size_t v = begin + i;
            next[i] = now[v];
            if (now[v] != unseen) continue;
            for (std::uint64_t e = start[v]; e < start[v + 1]; e++) {
              if (now[from[e]] == unseen) continue;
              next[i] = static_cast<vertex>(step[0]);
              found[0]++;
              break;
            }
          }
        },
        b.start.read(), b.from.read(), b.levels[turn].read(), b.levels[1 - turn].part(begin, end).write(), b.step.read(),
        b.found.reduce(SPRAT_SUM));
  }
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

unsigned number(int argc, char **argv, int at, unsigned otherwise) {
  return argc > at ? unsigned(std::strtoul(argv[at], nullptr, 10)) : otherwise;
}

} // namespace

int main(int argc, char **argv) try {
  const unsigned scale = number(argc, argv, 1, 16), degree = number(argc, argv, 2, 16);
  const vertex parts = number(argc, argv, 3, 32);
  if (scale < 4 || scale > 28 || degree < 2 || parts == 0 || parts > vertex(1) << scale) {
    std::fprintf(stderr, "bfs: SCALE from 4 to 28, DEGREE from 2 on, PARTS from 1 to the number of vertices\n");
    return 2;
  }
  graph g = random_graph(scale, degree);
  const vertex vertices = g.vertices();
  vertex root = 0;
  for (vertex v = 0; v < vertices; v++) {
    if (g.start[v + 1] - g.start[v] > g.start[root + 1] - g.start[root]) root = v;
  }
  double begin = seconds();
  const std::vector<vertex> expected = serial(g, root);
  const double took_serial = seconds() - begin;

  sprat::runtime rt;
  search b;
  b.start = rt.make_block<std::uint64_t>(vertices + 1);
  b.from = rt.make_block<vertex>(g.from.size());
  b.found = rt.make_block<std::uint64_t>(1), b.step = rt.make_block<std::uint64_t>(1);
  for (auto &levels : b.levels) levels = rt.make_block<vertex>(vertices);
  rt.write(b.start, 0, g.start);
  rt.write(b.from, 0, g.from);
  std::vector<vertex> first(vertices, unseen);
  first[root] = 0;

  // Two steps are a graph, since two copies of the levels take turns.
  const sprat::graph two = rt.record([&](sprat::scope &s) {
    spawn_step(s, b, vertices, parts, 0);
    spawn_step(s, b, vertices, parts, 1);
  });
  // The first search touches the memory of what it writes; the second one counts.
  double took = 0;
  std::size_t rounds = 0;
  for (int search = 0; search < 2; search++) {
    rt.write(b.levels[0], 0, first);
    rt.write(b.step, 0, std::vector<std::uint64_t>{0});
    begin = seconds();
    rt.replay_until(two, [&](std::size_t round) {
      rounds = round + 1;
      return rt.first(b.found) == 0;
    });
    took = seconds() - begin;
  }
  const std::vector<vertex> found = rt.read(b.levels[0], 0, vertices);
  const bool right = found == expected;
  std::printf("bfs: %u vertices, %zu edges in %.3f s (serial %.3f s, which looks at the frontier alone): %s\n", vertices,
              g.from.size(), took, took_serial, right ? "the levels of a serial search" : "the levels DIFFER");
  std::printf("time: %.1f ns a codelet\n", took * 1e9 / double(rounds * 2 * (parts + 1)));
  return right ? 0 : 1;
} catch (const std::exception &thrown) {
  std::fprintf(stderr, "bfs: %s\n", thrown.what());
  return 1;
}
