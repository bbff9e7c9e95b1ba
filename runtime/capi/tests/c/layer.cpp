// What sprat.hpp makes of sprat.h.
#include <sprat.hpp>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

int failures = 0;

#define CHECK(what)                                                         \
  do {                                                                      \
    if (!(what)) {                                                          \
      std::printf("  %s:%d: not so: %s\n", __FILE__, __LINE__, #what);      \
      failures++;                                                           \
      return;                                                               \
    }                                                                       \
  } while (0)

sprat_config small() {
  sprat_config config = SPRAT_CONFIG_INIT;
  config.xes = 2, config.oversubscribe = SPRAT_YES, config.pin = SPRAT_NO, config.environment = SPRAT_NO;
  return config;
}

void lambdas_are_codelets() {
  sprat::runtime rt(small());
  auto a = rt.make_block<double>(100), b = rt.make_block<double>(100);
  rt.name(a, "a");
  const double two = 2;
  rt.finish([&](sprat::scope &s) {
    s.codelet("fill").spawn([two](sprat::scope &, sprat::view<double> x) { for (double &v : x) v = two; }, a.write());
    s.codelet("square").near(b).priority(SPRAT_HIGH).cost(100, 1600).spawn(
        [](sprat::scope &, sprat::view<const double> x, sprat::view<double> y) {
          for (std::size_t i = 0; i < y.size(); i++) y[i] = x[i] * x[i];
        },
        a.read(), b.write());
    s.codelet("nothing").spawn([](sprat::scope &) {});
  });
  CHECK(rt.first(b) == 4 && rt.read(b, 0, 100)[99] == 4);
  rt.write(a, 98, std::vector<double>{7, 8});
  CHECK(rt.read(a, 97, 3) == (std::vector<double>{2, 7, 8}));
  rt.destroy(a);
}

void a_body_has_the_cores_for_itself() {
  sprat::runtime rt(small());
  auto a = rt.make_block<double>(1);
  int threads = 0;
  CHECK(rt.suspended([&] { return ++threads; }) == 1);
  try {
    rt.suspended([&] { rt.first(a); });
    threads = 0;
  } catch (const sprat::error &e) {
    threads += e.status() == SPRAT_SUSPENDED;
  }
  rt.set_policy(SPRAT_POLICY_ENERGY);
  CHECK(rt.policy() == SPRAT_POLICY_ENERGY);
  rt.set_xes(1);
  CHECK(threads == 2 && rt.first(a) == 0);
}

void parts_tiles_lists_and_scratch() {
  sprat::runtime rt(small());
  std::vector<std::int64_t> matrix(100, 1);
  auto sum = rt.make_block<std::int64_t>(1);
  rt.finish([&](sprat::scope &s) {
    auto m = s.adopt(matrix);
    s.codelet("tile").spawn(
        [](sprat::scope &, sprat::tile_view<std::int64_t> t, sprat::view<char> old) {
          old[9] = 1;
          for (std::size_t i = 0; i < t.rows(); i++)
            for (std::size_t j = 0; j < t.columns(); j++) t(i, j) = std::int64_t(10 * i + j);
          t.row(1)[0] += 100;
        },
        m.tile(2, 5, 4, 6, 10).read_write(), sprat::scratch<char>(10));
    std::vector<sprat::access<const std::int64_t>> rows;
    for (std::size_t i = 0; i < 10; i++) rows.push_back(m.part(10 * i, 10 * i + 10).read());
    for (int twice = 0; twice < 2; twice++) {
      s.codelet("sum").spawn(
          [](sprat::scope &, sprat::view_list<sprat::access<const std::int64_t>> rows, sprat::view<std::int64_t> sum) {
            for (std::size_t i = 0; i < rows.size(); i++)
              for (std::int64_t v : rows[i]) sum[0] += v;
          },
          sprat::each(rows), sum.reduce(SPRAT_SUM));
    }
  });
  CHECK(matrix[24] == 0 && matrix[35] == 11 && matrix[34] == 110 && matrix[36] == 1);
  CHECK(rt.first(sum) == 2 * (94 + 0 + 1 + 110 + 11 + 20 + 21));
}

void exceptions_cross_as_statuses() {
  sprat::runtime rt(small());
  auto a = rt.make_block<int>(1);
  bool caught = false;
  try {
    rt.finish([&](sprat::scope &s) {
      s.codelet("throws").spawn([](sprat::scope &, sprat::view<int>) { throw std::runtime_error("no such file"); }, a.write());
      s.codelet("waits").spawn([](sprat::scope &, sprat::view<const int>) {}, a.read());
    });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_FAILED && e.cause() == SPRAT_USER && e.codelet() == "throws" && e.failed() == 1 &&
             e.skipped() == 1 && std::strstr(e.what(), "no such file");
  }
  CHECK(caught);
  caught = false;
  try {
    rt.finish([](sprat::scope &s) { s.codelet("odd").spawn([](sprat::scope &) { throw 7; }); });
  } catch (const sprat::error &e) {
    caught = std::strstr(e.what(), "no std::exception") != nullptr;
  }
  CHECK(caught);
  caught = false;
  try {
    rt.finish([](sprat::scope &) { throw std::string("mine"); });
  } catch (const std::string &e) {
    caught = e == "mine";
  }
  CHECK(caught);
  caught = false;
  try {
    rt.finish([](sprat::scope &s) { s.codelet("null").spawn([](sprat::scope &, sprat::view<int>) {}, sprat::block<int>().read_write()); });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_NULL;
  }
  CHECK(caught);
  rt.finish([&](sprat::scope &s) { s.codelet("heal").spawn([](sprat::scope &, sprat::view<int> x) { x[0] = 5; }, a.write()); });
  CHECK(rt.first(a) == 5);
}

void graphs() {
  sprat::runtime rt(small());
  auto n = rt.make_block<std::uint64_t>(1);
  sprat::graph g = rt.record([&](sprat::scope &s) {
    s.codelet("count").spawn([](sprat::scope &, sprat::view<std::uint64_t> n) { n[0]++; }, n.read_write());
  });
  CHECK(g.codelets() == 1);
  rt.replay(g, 10);
  rt.replay_until(g, [&](std::size_t) { return rt.first(n) == 15; });
  CHECK(rt.first(n) == 15);
  bool caught = false;
  try {
    rt.replay_until(g, [](std::size_t round) -> bool {
      if (round == 2) throw std::string("enough");
      return false;
    });
  } catch (const std::string &) {
    caught = true;
  }
  CHECK(caught && rt.first(n) == 18);
  try {
    rt.replay_within(0.005, g, std::size_t(1) << 31);
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_CANCELLED && rt.first(n) == 18 + e.rounds();
  }
  CHECK(caught);
  sprat::graph other = std::move(g);
  CHECK(g.handle() == nullptr && other.codelets() == 1);
}

std::int32_t third_call(void *calls) { return ++*static_cast<int *>(calls) == 3; }

void events_children_and_cancelling() {
  int calls = 0, others = 0;
  sprat::runtime rt(small());
  const sprat::made_event last = rt.poll("another", third_call, &others);
  auto n = rt.make_block<int>(1);
  sprat::made_event outside = rt.make_event("outside"), latch = rt.make_latch("latch", 2);
  std::thread thread([&] { outside.satisfy(), latch.down(), latch.down(); });
  rt.finish([&](sprat::scope &s) {
    const auto count = [](sprat::scope &, sprat::view<int> n) { n[0]++; };
    const sprat::made_event polled = s.poll("polled", third_call, &calls);
    const auto first =
        s.codelet("after").after(outside.event()).after(latch.event()).after(polled.event()).spawn(count, n.read_write());
    const auto inner = s.open([&](sprat::scope &s) { s.codelet("inner").spawn(count, n.read_write()); });
    s.codelet("then").after(first).after(inner).at_ready().spawn(count, n.read_write());
    s.codelet("parent").weak(n.weak(SPRAT_READ_WRITE)).spawn([n, count](sprat::scope &s) {
      for (int i = 0; i < 10; i++) s.codelet("child").spawn(count, n.read_write());
    });
  });
  thread.join();
  CHECK(rt.first(n) == 13 && calls == 3);
  bool caught = false;
  try {
    rt.finish([&](sprat::scope &s) {
      s.codelet("long").spawn([](sprat::scope &s) {
        while (!s.is_cancelled()) std::this_thread::yield();
      });
      sprat::canceller canceller = s.make_canceller();
      canceller.cancel("a change of mind");
    });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_CANCELLED;
  }
  CHECK(caught);
}

void homes_moves_channels_and_the_account() {
  sprat_config config = small();
  config.memory_report = SPRAT_YES;
  sprat::runtime rt(config);
  auto all = rt.make_blocks_at<double>(sprat::home::region(0), 3, 10);
  auto n = rt.make_block<double>(1);
  const auto fill = [](sprat::scope &, sprat::view<double> x) { for (double &v : x) v = 2; };
  const auto add = [](sprat::scope &, sprat::view<const double> x, sprat::view<double> y) { y[0] += x[0]; };
  sprat::channel line = rt.make_channel("line", 2);
  line.satisfy();
  rt.finish([&](sprat::scope &s) {
    for (auto b : all) s.codelet("fill").spawn(fill, b.write());
    const auto moved = s.migrate(all, sprat::home::near(n)), copied = s.replicate(all[0]);
    auto here = s.make_block_at<double>(sprat::home(SPRAT_HOME_INTERLEAVED), 10);
    s.codelet("fill").spawn(fill, here.write());
    s.codelet("add").after(moved).after(copied).after(s.migrate(here, sprat::home::region(0))).spawn(add, here.read(), n.read_write());
    s.codelet("add").after(line.next().event()).spawn(add, all[2].read(), n.read_write());
    sprat::channel inner = s.make_channel("inner");
    s.codelet("add").after(inner.next().event()).spawn(add, all[1].read(), n.read_write());
    inner.satisfy();
  });
  CHECK(rt.first(n) == 6 && rt.region(all[0]) == 0);
  CHECK(rt.memory().local_bytes + rt.memory().remote_bytes > 0 && rt.memory_report().find("add") != std::string::npos);
  bool caught = false;
  try {
    rt.make_blocks_at<double>(sprat::home::region(99), 1, 1);
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_CONFIG;
  }
  CHECK(caught);
}

void reductions_end_in_a_block() {
  sprat::runtime rt(small());
  auto x = rt.make_block<double>(1000);
  auto y = rt.make_block<float>(1000);
  auto dot = rt.make_block<double>(1);
  const auto add = [](double a, double b) { return a + b; };
  const double two = 2;
  rt.finish([&](sprat::scope &s) {
    s.codelet("fill").for_each(
        1000,
        [](std::size_t begin, sprat::view<double> x, sprat::view<float> y) {
          for (std::size_t i = 0; i < x.size(); i++) x[i] = double(begin + i), y[i] = 0.5f;
        },
        x.write(), y.write());
    s.codelet("dot").grain(7).map_reduce(
        1000,
        [two](std::size_t, sprat::view<const double> x, sprat::view<const float> y) {
          double sum = 0;
          for (std::size_t i = 0; i < x.size(); i++) sum += two * x[i] * double(y[i]);
          return sum;
        },
        add, dot, x.read(), y.read());
  });
  CHECK(rt.first(dot) == 499500);
  bool caught = false;
  try {
    rt.finish([&](sprat::scope &s) {
      s.codelet("throws").grain(10).map_reduce(
          1000, [](std::size_t, sprat::view<const double>) { return 1.0; }, [](double, double) -> double { throw std::runtime_error("overflow"); },
          dot, x.read());
    });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_FAILED && std::strstr(e.what(), "overflow when it combined two results") != nullptr;
  }
  CHECK(caught);
}

void loops_go_over_blocks() {
  sprat::runtime rt(small());
  auto x = rt.make_block<double>(1000);
  auto y = rt.make_block<float>(1000);
  const double two = 2;
  rt.finish([&](sprat::scope &s) {
    const auto filled = s.codelet("indices").for_each(
        1000,
        [](std::size_t begin, sprat::view<double> x) {
          for (std::size_t i = 0; i < x.size(); i++) x[i] = double(begin + i);
        },
        x.write());
    s.codelet("twice").after(filled).grain(7).for_each(
        1000,
        [two](std::size_t, sprat::view<const double> x, sprat::view<float> y) {
          for (std::size_t i = 0; i < y.size(); i++) y[i] = float(two * x[i]);
        },
        x.read(), y.write());
    s.codelet("first").for_each(10, [](std::size_t, sprat::view<float> y) { for (float &v : y) v = -1; }, y.part(0, 10).read_write());
  });
  CHECK(rt.first(y) == -1 && rt.read(y, 9, 2) == (std::vector<float>{-1, 20}) && rt.read(y, 999, 1)[0] == 1998);
  bool caught = false;
  try {
    rt.finish([&](sprat::scope &s) {
      s.codelet("throws").for_each(10, [](std::size_t, sprat::view<float>) { throw std::runtime_error("no room"); }, y.part(0, 10).read_write());
    });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_FAILED && std::strstr(e.what(), "no room for elements 0 to ") != nullptr;
  }
  CHECK(caught);
  caught = false;
  try {
    rt.finish([&](sprat::scope &s) {
      s.codelet("throws").for_each(10, [](std::size_t, sprat::view<double>) { throw 3; }, x.part(0, 10).read_write());
    });
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_FAILED && std::strstr(e.what(), "no std::exception") != nullptr;
  }
  CHECK(caught);
}

void loops_go_over_lists() {
  sprat::runtime rt(small());
  std::vector<sprat::block<double>> blocks;
  for (int i = 0; i < 9; i++) blocks.push_back(rt.make_block<double>(100));
  std::vector<sprat::access<double>> uses;
  for (int i = 0; i < 7; i++) uses.push_back(blocks[i].write());
  auto numbered = [](std::size_t begin, sprat::view_list<sprat::access<double>> list, sprat::view<double> last) {
    for (std::size_t k = 0; k < list.size(); k++)
      for (std::size_t i = 0; i < list[k].size(); i++) list[k][i] = double(1000 * k + begin + i);
    for (double &v : last) v = double(list.size());
  };
  rt.finish([&](sprat::scope &s) { s.codelet("numbered").grain(9).for_each(100, numbered, sprat::each(uses), blocks[7].write()); });
  for (int i = 0; i < 7; i++) CHECK(rt.read(blocks[i], 99, 1)[0] == 1000 * i + 99);
  CHECK(rt.read(blocks[7], 99, 1)[0] == 7);
  // More than there can be are refused, and counted.
  uses.push_back(blocks[8].write());
  sprat_status status = SPRAT_OK;
  std::string what;
  try {
    rt.finish([&](sprat::scope &s) { s.codelet("numbered").for_each(100, numbered, sprat::each(uses), blocks[7].write()); });
  } catch (const sprat::error &e) {
    status = e.status(), what = e.what();
  }
  CHECK(status == SPRAT_ACCESS && what.find("9 accesses") != std::string::npos);
}

// What is refused, with this in its message.
template <class F> bool is_refused(const sprat::runtime &rt, const F &begin, const char *says) {
  bool refused = false;
  rt.finish([&](sprat::scope &s) {
    try {
      begin(s);
    } catch (const sprat::error &e) {
      refused = e.status() == SPRAT_ARGUMENT && std::strstr(e.what(), says) != nullptr && e.cause() == SPRAT_OK;
    }
  });
  return refused;
}

void options_that_do_not_apply_are_refused() {
  sprat::runtime rt(small());
  auto a = rt.make_block<double>(10), b = rt.make_block<double>(10);
  const auto weak = b.weak(SPRAT_READ);
  const char *path = "/dev/null";
  auto loop = [](std::size_t, sprat::view<double>) {};
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("all").weak(weak).for_each(10, loop, a.write()); }, "`all` has weak accesses"));
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("out").weak(weak).write_file(a, path); }, "`out` has weak accesses"));
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("out").weak(weak).write_file_at(a, path, 0); }, "`out` has weak accesses"));
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("in").grain(3).read_file<double>(path, 0, 1); }, "`in` has a grain"));
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("in").grain(3).read_file_into(a, path); }, "`in` has a grain"));
  CHECK(is_refused(rt, [&](sprat::scope &s) { s.codelet("one").grain(3).spawn([](sprat::scope &) {}); }, "`one` has a grain"));
}

void files_are_dependences() {
  sprat::runtime rt(small());
  const std::string path = "/tmp/sprat-layer-" + std::to_string(getpid());
  auto a = rt.make_block<double>(10), b = rt.make_block<double>(10);
  rt.finish([&](sprat::scope &s) {
    s.codelet("fill").spawn([](sprat::scope &, sprat::view<double> x) { for (double &v : x) v = 3; }, a.write());
    const auto first = s.codelet("out").write_file(a, path.c_str());
    const auto second = s.codelet("out").after(first).write_file_at(a, path.c_str(), 80);
    s.codelet("in").after(second).read_file_into(b, path.c_str(), 40);
    auto tail = s.codelet("in").after(second).read_file<double>(path.c_str(), 80, 10);
    s.codelet("add").spawn(
        [](sprat::scope &, sprat::view<const double> x, sprat::view<double> y) {
          for (std::size_t i = 0; i < y.size(); i++) y[i] += x[i];
        },
        tail.read(), b.read_write());
  });
  CHECK(rt.first(b) == 6);
  CHECK(rt.read(rt.read_file<double>(path.c_str()), 19, 1)[0] == 3);
  rt.write_file(b, path.c_str());
  CHECK(rt.first(rt.read_file<double>(path.c_str(), 72, 1)) == 6);
  CHECK(std::remove(path.c_str()) == 0);
  bool caught = false;
  try {
    rt.read_file<double>(path.c_str(), 0, std::uint64_t(1) << 62);
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_BLOCK_SIZE;
  }
  CHECK(caught);
}

void rounds_get_arguments() {
  sprat::runtime rt(small());
  auto x = rt.make_block<double>(1);
  struct step {
    double factor, time;
  };
  const auto graph = rt.record_with<step>([&](sprat::scope &s, sprat::argument<step> now) {
    s.codelet("advance").spawn([](sprat::scope &, step now, sprat::view<double> x) { x[0] = now.factor * x[0] + now.time; }, now,
                               x.read_write());
  });
  rt.replay_with(graph, std::vector<step>{{1, 3}, {2, 0}, {-1, 10}});
  CHECK(rt.first(x) == 4 && graph.all().codelets() == 1 && graph.all().owners().size() == 1);
  CHECK(graph.all().tell(SPRAT_GRAPH_DOT).find("label=\"advance\"") != std::string::npos);
  bool caught = false;
  try {
    rt.replay(graph.all(), 1);
  } catch (const sprat::error &e) {
    caught = e.status() == SPRAT_GRAPH;
  }
  CHECK(caught);
  caught = false;
  try {
    rt.record_with<int>([](sprat::scope &, sprat::argument<int>) { throw 7; });
  } catch (int thrown) {
    caught = thrown == 7;
  }
  CHECK(caught);
}

/* The greatest, and how often it is there. */
struct peak {
  double value;
  double times;
};
struct highest {
  static peak neutral() { return {-1e300, 0}; }
  static void merge(peak &into, const peak &from) {
    if (from.value > into.value) into = from;
    else if (from.value == into.value) into.times += from.times;
  }
};

void bodies_and_operators_of_ones_own() {
  sprat::runtime rt(small());
  auto sum = rt.make_block<double>(2);
  auto top = rt.make_block<peak>(1);
  rt.write(top, 0, std::vector<peak>{highest::neutral()});
  rt.finish([&](sprat::scope &s) {
    for (int i = 0; i < 100; i++) {
      const double add = i % 10;
      s.codelet("add").spawn(
          sprat::bodies([add](sprat::scope &, sprat::view<double> x) { x[0] += add, x[1] += 1; },
                        sprat::needs<SPRAT_ISA_ANY>([add](sprat::scope &, sprat::view<double> x) { x[0] += add, x[1] += 1000; }),
                        sprat::needs<SPRAT_ISA_SVE>([add](sprat::scope &, sprat::view<double> x) { x[0] += add, x[1] += 1000; })),
          sum.read_write());
      s.codelet("look").spawn([add](sprat::scope &, sprat::view<peak> x) { highest::merge(x[0], {add, 1}); },
                              top.reduce_by<highest>());
    }
  });
  const double usual = std::fmod(rt.read(sum, 1, 1)[0], 1000);
  CHECK(rt.first(sum) == 450 && usual >= 1 && usual < 100);
  CHECK(rt.first(top).value == 9 && rt.first(top).times == 10);
}

void what_is_told() {
  sprat::runtime rt(small());
  const auto latch = rt.make_latch("latch", 2);
  latch.down();
  CHECK(latch.count() == 1);
  latch.down();
  const auto shared = rt.make_shared_event("shared");
  shared.satisfy(), shared.satisfy();
  rt.finish([&](sprat::scope &s) {
    const auto mine = s.make_shared_event("mine");
    mine.satisfy();
    s.codelet("traced").after(shared.event()).after(mine.event()).spawn([](sprat::scope &s) {
      const auto outer = s.begin_span("outer");
      s.count("residual", 0.5);
      const auto inner = s.begin_span("inner");
    });
  });
  std::size_t cores = 0, threads = 0;
  for (std::size_t i = 0; i < rt.machine().cache_groups; i++) cores += rt.cache_group(i).cores;
  for (std::size_t i = 0; i < rt.machine().cores; i++) threads += rt.core(i).threads;
  CHECK(cores == rt.machine().cores && threads == rt.machine().threads);
  CHECK(rt.xe(0).ran + rt.xe(1).ran >= 1 && rt.ce(0).stuck_scopes == 0 && rt.usage().open_xes == 2 && rt.moves().moved == 0);
  CHECK(rt.distance(0, 0) == 10 && rt.region_at(0).mapped_bytes <= rt.region_at(0).peak_mapped_bytes);
  CHECK(rt.tell(SPRAT_ABOUT_PLAN).find("2 XEs") == 0);
}

/* What is behind a block, also where it is so far that its bytes cannot be counted. */
void what_is_behind_a_block_is_refused() {
  sprat::runtime rt(small());
  const auto x = rt.make_block<double>(4);
  rt.write(x, 0, std::vector<double>{1, 2, 3, 4});
  const std::size_t wraps = (std::numeric_limits<std::size_t>::max() / sizeof(double) + 1);
  int refused = 0;
  for (const std::size_t from : {std::size_t(4), wraps, wraps + 1, std::numeric_limits<std::size_t>::max()}) {
    try {
      rt.read(x, from, 1);
    } catch (const sprat::error &e) {
      refused += e.status() == SPRAT_ACCESS;
    }
    try {
      rt.write(x, from, std::vector<double>{7});
    } catch (const sprat::error &e) {
      refused += e.status() == SPRAT_ACCESS;
    }
  }
  CHECK(refused == 8);
  CHECK(rt.read(x, 0, 4) == (std::vector<double>{1, 2, 3, 4}));
}

/* One that is longer each time, up to ten letters. */
void texts_that_grow_are_told_whole() {
  std::size_t now = 2;
  const std::string told = sprat::detail::text_of([&](char *text, std::size_t room, std::size_t *length) {
    now = now < 10 ? now + 1 : now;
    *length = now;
    for (std::size_t i = 0; i + 1 < room; i++) text[i] = i < now ? 'x' : 0;
    if (room) text[room - 1] = 0;
    return sprat_status(SPRAT_OK);
  });
  CHECK(told == "xxxxxxxxxx");
}

/* One lambda under two names, by two threads at once, and by an address whose letters change. */
void names_stay_with_their_codelets() {
  sprat::runtime rt(small());
  char name[2] = "a";
  int right = 0;
  for (; name[0] < 'e'; name[0]++) {
    try {
      rt.finish([&](sprat::scope &s) {
        s.codelet(name).spawn(sprat::bodies([](sprat::scope &) { throw std::runtime_error("no"); },
                                            sprat::needs<SPRAT_ISA_ANY>([](sprat::scope &) { throw std::runtime_error("no"); })));
      });
    } catch (const sprat::error &e) {
      right += e.codelet() == name;
    }
  }
  CHECK(right == 4);
}

struct test {
  const char *name;
  void (*run)();
};

} // namespace

int main() {
  const test tests[] = {
      {"lambdas are codelets", lambdas_are_codelets},
      {"a body has the cores for itself", a_body_has_the_cores_for_itself},
      {"parts, tiles, lists and scratch", parts_tiles_lists_and_scratch},
      {"reductions end in a block", reductions_end_in_a_block},
      {"exceptions cross as statuses", exceptions_cross_as_statuses},
      {"graphs", graphs},
      {"events, children and cancelling", events_children_and_cancelling},
      {"homes, moves, channels and the account", homes_moves_channels_and_the_account},
      {"loops go over blocks", loops_go_over_blocks},
      {"loops go over lists", loops_go_over_lists},
      {"options that do not apply are refused", options_that_do_not_apply_are_refused},
      {"files are dependences", files_are_dependences},
      {"rounds get arguments", rounds_get_arguments},
      {"bodies and operators of one's own", bodies_and_operators_of_ones_own},
      {"what is told", what_is_told},
      {"what is behind a block is refused", what_is_behind_a_block_is_refused},
      {"texts that grow are told whole", texts_that_grow_are_told_whole},
      {"names stay with their codelets", names_stay_with_their_codelets},
  };
  int passed = 0, failed = 0;
  for (const test &one : tests) {
    failures = 0;
    try {
      one.run();
    } catch (const std::exception &e) {
      std::printf("  %s\n", e.what());
      failures++;
    }
    std::printf("%s %s\n", failures ? "FAILED" : "ok    ", one.name);
    (failures ? failed : passed)++;
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
