// oneTBB: parallel_for row by row; a task group with counters; a flow graph that is built once and run again and again.
//
// Everything runs in an arena of as many threads as there are workers, the caller included; who enters it is pinned. TBB
// has no way to let its threads spin for longer than they do.
#include "rivals.h"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#include <oneapi/tbb/task_scheduler_observer.h>

namespace {

using namespace oneapi::tbb;

struct Pin : task_scheduler_observer {
    const std::vector<uint32_t> cpus;

    Pin(task_arena &arena, std::vector<uint32_t> cpus) : task_scheduler_observer(arena), cpus(std::move(cpus)) {
        observe(true);
    }

    ~Pin() override { observe(false); }

    void on_scheduler_entry(bool) override {
        const int me = this_task_arena::current_thread_index();
        if (me < 0 || size_t(me) >= cpus.size())
            return;
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[me], &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
};

struct Job {
    rival_body body;
    const void *context;
};

using Node = flow::continue_node<flow::continue_msg>;

// A counter for each task; each sets itself up again when it has come down.
struct Counters {
    const rival_graph graph;
    std::vector<std::atomic<uint32_t>> missing;
    std::vector<uint32_t> sources;
    Job job{};

    explicit Counters(const rival_graph &graph) : graph(graph), missing(graph.numbers) {
        for (size_t r = 0; r < graph.rows; r++)
            for (size_t t = graph.row[r].first; t < graph.row[r].end; t++) {
                missing[t] = before(t);
                if (before(t) == 0)
                    sources.push_back(uint32_t(t));
            }
    }

    uint32_t before(size_t t) const { return graph.before.starts[t + 1] - graph.before.starts[t]; }

    // Runs a task, and those after it that become ready: one next, the others by the group.
    void run(task_group &group, uint32_t task) {
        for (bool more = true; more;) {
            job.body(job.context, task);
            more = false;
            uint32_t next = 0;
            for (uint32_t k = graph.after.starts[task]; k < graph.after.starts[task + 1]; k++) {
                const uint32_t to = graph.after.items[k];
                if (missing[to].fetch_sub(1, std::memory_order_acq_rel) != 1)
                    continue;
                missing[to].store(before(to), std::memory_order_relaxed);
                if (more)
                    group.run([this, &group, next] { run(group, next); });
                next = to;
                more = true;
            }
            task = next;
        }
    }
};

struct Flow {
    flow::graph graph;
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<Node *> sources;
    Job job{};

    explicit Flow(const rival_graph &of) : nodes(of.numbers) {
        for (size_t r = 0; r < of.rows; r++)
            for (size_t t = of.row[r].first; t < of.row[r].end; t++) {
                nodes[t] = std::make_unique<Node>(graph, [this, t](const flow::continue_msg &message) {
                    job.body(job.context, t);
                    return message;
                });
                const uint32_t first = of.before.starts[t], end = of.before.starts[t + 1];
                for (uint32_t k = first; k < end; k++)
                    flow::make_edge(*nodes[of.before.items[k]], *nodes[t]);
                if (first == end)
                    sources.push_back(nodes[t].get());
            }
    }
};

} // namespace

struct rival_tbb {
    // For more threads than the machine has. Of several such limits the least counts, so there is none without need:
    // systems with fewer workers may be there at the same time.
    std::optional<global_control> parallelism;
    task_arena arena;
    Pin pin;
    std::unique_ptr<Counters> counters;
    std::unique_ptr<Flow> flow;

    rival_tbb(int workers, const uint32_t *cpus)
        : arena(workers), pin(arena, std::vector<uint32_t>(cpus, cpus + workers)) {
        // Asked here, since the first answer is kept, and later the caller may be pinned to one processor.
        if (workers > info::default_concurrency())
            parallelism.emplace(global_control::max_allowed_parallelism, size_t(workers));
    }
};

extern "C" {

rival_tbb *rival_tbb_start(int workers, const uint32_t *cpus) { return new rival_tbb(workers, cpus); }

void rival_tbb_stop(rival_tbb *tbb) {
    // A flow graph belongs to the arena in which it was made.
    tbb->arena.execute([tbb] { tbb->flow.reset(); });
    delete tbb;
}

void rival_tbb_rows(rival_tbb *tbb, size_t rows, const rival_row *row, rival_body body, const void *context) {
    tbb->arena.execute([=] {
        for (size_t r = 0; r < rows; r++)
            parallel_for(
                blocked_range<size_t>(row[r].first, row[r].end),
                [=](const blocked_range<size_t> &part) {
                    for (size_t i = part.begin(); i != part.end(); i++)
                        body(context, i);
                },
                static_partitioner());
    });
}

// The graph must live until the next is prepared, or the system stopped.
void rival_tbb_prepare_counters(rival_tbb *tbb, const rival_graph *graph) {
    tbb->counters = std::make_unique<Counters>(*graph);
}

void rival_tbb_run_counters(rival_tbb *tbb, rival_body body, const void *context) {
    Counters &counters = *tbb->counters;
    counters.job = {body, context};
    tbb->arena.execute([&counters] {
        task_group group;
        for (const uint32_t source : counters.sources)
            group.run([&counters, &group, source] { counters.run(group, source); });
        group.wait();
    });
}

void rival_tbb_prepare_flow(rival_tbb *tbb, const rival_graph *graph) {
    tbb->arena.execute([=] { tbb->flow = std::make_unique<Flow>(*graph); });
}

void rival_tbb_run_flow(rival_tbb *tbb, rival_body body, const void *context) {
    Flow &flow = *tbb->flow;
    flow.job = {body, context};
    tbb->arena.execute([&flow] {
        for (Node *source : flow.sources)
            source->try_put(flow::continue_msg());
        flow.graph.wait_for_all();
    });
}
}
