/* StarPU: a task for each task, with the tasks that it depends on declared; no data handles, since the bodies know where
 * their data are.
 *
 * StarPU's workers look for work without pause; the caller is none of them. So the tasks are made by a task, on the first
 * worker, and the caller sleeps meanwhile: no core has two busy threads. Between runs StarPU is paused. */
#define _GNU_SOURCE
#include "rivals.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <starpu.h>

/* The most that a task depends on. */
enum { MOST = 64 };

struct job {
    const rival_graph *graph;
    rival_body body;
    const void *context;
    struct starpu_task *task;
    struct item *item;
    uint64_t begin;
};

struct item {
    const struct job *job;
    size_t number;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void run_item(void *buffers[], void *argument) {
    (void)buffers;
    const struct item *item = argument;
    item->job->body(item->job->context, item->number);
}

static struct starpu_codelet item_codelet = {.cpu_funcs = {run_item}, .nbuffers = 0, .name = "item"};

static void make_items(void *buffers[], void *argument) {
    (void)buffers;
    struct job *job = argument;
    const rival_graph *graph = job->graph;
    job->begin = now();
    for (size_t r = 0; r < graph->rows; r++) {
        for (size_t t = graph->row[r].first; t < graph->row[r].end; t++) {
            struct starpu_task *task = &job->task[t], *before[MOST];
            unsigned count = 0;
            for (uint32_t k = graph->before.starts[t]; k < graph->before.starts[t + 1]; k++)
                before[count++] = &job->task[graph->before.items[k]];
            job->item[t] = (struct item){job, t};
            starpu_task_init(task);
            task->cl = &item_codelet;
            task->cl_arg = &job->item[t];
            /* The arrays are ours. */
            task->destroy = 0;
            if (count > 0)
                starpu_task_declare_deps_array(task, count, before);
            if (starpu_task_submit(task) != 0)
                abort();
        }
    }
}

static struct starpu_codelet make_codelet = {.cpu_funcs = {make_items}, .nbuffers = 0, .name = "make"};

static void pin(void *cpus) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(((const uint32_t *)cpus)[starpu_worker_get_id()], &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* Whether the workers are there. */
int rival_starpu_start(unsigned workers, const uint32_t *cpus) {
    struct starpu_conf conf;
    /* Else it tells of each start. */
    setenv("STARPU_SILENT", "1", 0);
    if (starpu_conf_init(&conf) != 0)
        return 0;
    conf.ncpus = (int)workers;
    conf.ncuda = 0;
    conf.nopencl = 0;
    conf.sched_policy_name = "lws";
    if (starpu_init(&conf) != 0)
        return 0;
    if (starpu_worker_get_count() != workers) {
        starpu_shutdown();
        return 0;
    }
    starpu_execute_on_each_worker(pin, (void *)cpus, STARPU_CPU);
    starpu_pause();
    return 1;
}

void rival_starpu_stop(void) {
    starpu_resume();
    starpu_shutdown();
}

/* Runs the graph and gives the nanoseconds. No task depends on more than `MOST`. */
uint64_t rival_starpu_run(const rival_graph *graph, rival_body body, const void *context) {
    struct job job = {graph, body, context, NULL, NULL, 0};
    /* `make_items` fills those that are used. */
    job.task = calloc(graph->numbers, sizeof *job.task);
    job.item = calloc(graph->numbers, sizeof *job.item);
    struct starpu_task *make = starpu_task_create();
    if (job.task == NULL || job.item == NULL || make == NULL)
        abort();
    make->cl = &make_codelet;
    make->cl_arg = &job;
    make->execute_on_a_specific_worker = 1;
    make->workerid = 0;
    starpu_resume();
    if (starpu_task_submit(make) != 0 || starpu_task_wait_for_all() != 0)
        abort();
    for (size_t r = 0; r < graph->rows; r++)
        for (size_t t = graph->row[r].first; t < graph->row[r].end; t++)
            starpu_task_clean(&job.task[t]);
    const uint64_t time = now() - job.begin;
    starpu_pause();
    free(job.item);
    free(job.task);
    return time;
}
