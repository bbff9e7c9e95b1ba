// Taskflow: a graph that is built anew in each run, dependent asynchronous tasks, and a graph that is built once.
//
// An executor has as many threads as there are workers, each pinned. A run begins in a task of its own, on one of them,
// which makes the tasks and then works with the others: so the caller, who sleeps meanwhile, is no further thread that
// wants a core, and the time to wake threads for the run does not count. Taskflow has no way to let its idle threads
// look for work for longer than they do.
#include "rivals.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include <taskflow/taskflow.hpp>

namespace {

struct Pin : tf::WorkerInterface {
    const std::vector<uint32_t> cpus;

    explicit Pin(std::vector<uint32_t> cpus) : cpus(std::move(cpus)) {}

    void scheduler_prologue(tf::Worker &worker) override {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpus[worker.id()], &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }

    void scheduler_epilogue(tf::Worker &, std::exception_ptr) override {}
};

// The tasks that one depends on, as the library's iterator over handles.
struct Before {
    using iterator_category = std::forward_iterator_tag;
    using value_type = tf::AsyncTask;
    using difference_type = std::ptrdiff_t;
    using pointer = tf::AsyncTask *;
    using reference = tf::AsyncTask &;

    tf::AsyncTask *tasks;
    const uint32_t *at;

    reference operator*() const { return tasks[*at]; }
    Before &operator++() {
        ++at;
        return *this;
    }
    Before operator++(int) { return {tasks, at++}; }
    bool operator==(const Before &other) const { return at == other.at; }
    bool operator!=(const Before &other) const { return at != other.at; }
};

} // namespace

struct rival_taskflow {
    std::shared_ptr<Pin> pin;
    tf::Executor executor;
    // Of the graph that was prepared.
    rival_graph graph{};
    std::optional<tf::Taskflow> flow;
    std::vector<tf::Task> tasks;
    std::vector<tf::AsyncTask> asyncs;
    size_t sinks = 0;
    // Of the run.
    rival_body body = nullptr;
    const void *context = nullptr;
    std::atomic<size_t> left{0};

    rival_taskflow(size_t workers, const uint32_t *cpus)
        : pin(std::make_shared<Pin>(std::vector<uint32_t>(cpus, cpus + workers))), executor(workers, pin) {}

    bool is_sink(size_t t) const { return graph.after.starts[t] == graph.after.starts[t + 1]; }

    template <typename F> void each(F &&f) {
        for (size_t r = 0; r < graph.rows; r++)
            for (size_t t = graph.row[r].first; t < graph.row[r].end; t++)
                f(t);
    }

    void build() {
        each([this](size_t t) {
            tasks[t] = flow->emplace([this, t] { body(context, t); });
            for (uint32_t k = graph.before.starts[t]; k < graph.before.starts[t + 1]; k++)
                tasks[graph.before.items[k]].precede(tasks[t]);
        });
    }

    // The nanoseconds of what `work` does on one of the executor's threads.
    template <typename F> uint64_t time(rival_body of, const void *with, F &&work) {
        body = of;
        context = with;
        uint64_t time = 0;
        executor
            .async([&] {
                const auto begin = std::chrono::steady_clock::now();
                work();
                const auto end = std::chrono::steady_clock::now();
                time = uint64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count());
            })
            .wait();
        return time;
    }
};

extern "C" {

rival_taskflow *rival_taskflow_start(size_t workers, const uint32_t *cpus) {
    return new rival_taskflow(workers, cpus);
}

void rival_taskflow_stop(rival_taskflow *taskflow) { delete taskflow; }

// What the graph points to must live until the next is prepared, or the system stopped. `ready`: builds it, too.
void rival_taskflow_prepare(rival_taskflow *taskflow, const rival_graph *graph, int ready) {
    taskflow->graph = *graph;
    taskflow->flow.emplace();
    taskflow->tasks.assign(graph->numbers, tf::Task());
    taskflow->asyncs.assign(graph->numbers, tf::AsyncTask());
    taskflow->sinks = 0;
    taskflow->each([taskflow](size_t t) { taskflow->sinks += taskflow->is_sink(t); });
    if (ready)
        taskflow->build();
}

uint64_t rival_taskflow_run_rebuilt(rival_taskflow *taskflow, rival_body body, const void *context) {
    return taskflow->time(body, context, [taskflow] {
        taskflow->flow->clear();
        taskflow->build();
        taskflow->executor.corun(*taskflow->flow);
    });
}

uint64_t rival_taskflow_run_async(rival_taskflow *taskflow, rival_body body, const void *context) {
    return taskflow->time(body, context, [taskflow] {
        const rival_lists before = taskflow->graph.before;
        // Those on which nothing depends come after all others.
        taskflow->left.store(taskflow->sinks, std::memory_order_relaxed);
        taskflow->each([taskflow, before](size_t t) {
            tf::AsyncTask *all = taskflow->asyncs.data();
            const Before first{all, before.items + before.starts[t]};
            const Before end{all, before.items + before.starts[t + 1]};
            const auto run = [taskflow, t] {
                taskflow->body(taskflow->context, t);
                if (taskflow->is_sink(t))
                    taskflow->left.fetch_sub(1, std::memory_order_acq_rel);
            };
            taskflow->asyncs[t] = taskflow->executor.silent_dependent_async(run, first, end);
        });
        taskflow->executor.corun_until(
            [taskflow] { return taskflow->left.load(std::memory_order_acquire) == 0; });
    });
}

uint64_t rival_taskflow_run_ready(rival_taskflow *taskflow, rival_body body, const void *context) {
    return taskflow->time(body, context, [taskflow] { taskflow->executor.corun(*taskflow->flow); });
}
}
