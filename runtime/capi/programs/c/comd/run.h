/* What comd's programs share beside the physics: options, the crystal at the start, a serial run, what is checked and printed. */
#ifndef COMD_RUN_H
#define COMD_RUN_H

#include "model.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct comd_options {
  size_t size, steps, every, workers, group;
  double dt, lattice, temperature;
  int check;
} comd_options;

/* A program: how it begins with a state, goes on, and tells the state. */
typedef struct comd_system {
  const char *name;
  const char *workers_are;
  int has_groups;
  void *(*begin)(const comd_options *options, const comd_model *model, const comd_state *state);
  size_t (*workers)(void *self);
  void (*steps)(void *self, size_t count);
  void (*fetch)(void *self, const comd_state *state);
  void (*end)(void *self);
} comd_system;

static inline void *comd_memory(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory) return memory;
  fprintf(stderr, "comd: there is no memory for %zu times %zu bytes; take a smaller --size\n", count, size);
  exit(1);
}

static inline comd_state comd_state_new(size_t cells) {
  comd_state state = {cells, NULL, NULL, NULL};
  state.where = comd_memory(cells, sizeof *state.where);
  state.rest = comd_memory(cells, sizeof *state.rest);
  state.leavers = comd_memory(cells, sizeof *state.leavers);
  return state;
}

static inline void comd_state_free(comd_state *state) { free(state->where), free(state->rest), free(state->leavers); }

/* ---- The passes, where all cells lie in one array ---- */

static inline int comd_pass_drift(const comd_model *m, comd_state *s, size_t cell) {
  size_t at[3] = {cell % m->cells, cell / m->cells % m->cells, cell / m->cells / m->cells};
  return comd_drift(m, at, s->where + cell, s->rest + cell, s->leavers + cell);
}

static inline int comd_pass_collect(const comd_model *m, comd_state *s, size_t cell) {
  const comd_leavers *near[COMD_NEAR];
  size_t index[COMD_NEAR];
  double shift[COMD_NEAR][3];
  comd_neighbours(m, cell, index, shift);
  for (size_t d = 0; d < COMD_NEAR; d++) near[d] = s->leavers + index[d];
  return comd_collect(s->where + cell, s->rest + cell, near);
}

static inline void comd_pass_force(const comd_model *m, comd_state *s, size_t cell, int kick) {
  const comd_where *near[COMD_NEAR];
  size_t index[COMD_NEAR];
  double shift[COMD_NEAR][3];
  comd_neighbours(m, cell, index, shift);
  for (size_t d = 0; d < COMD_NEAR; d++) near[d] = s->where + index[d];
  comd_force(s->where + cell, s->rest + cell, near, shift);
  if (kick) comd_half_kick(m, s->where[cell].count, s->rest + cell);
}

static inline void comd_serial(const comd_model *m, comd_state *s, size_t steps) {
  for (size_t cell = 0; cell < s->cells; cell++) comd_pass_force(m, s, cell, 0);
  for (size_t step = 0; step < steps; step++) {
    int wrong = COMD_FINE;
    for (size_t cell = 0; cell < s->cells && !wrong; cell++) wrong = comd_pass_drift(m, s, cell);
    for (size_t cell = 0; cell < s->cells && !wrong; cell++) wrong = comd_pass_collect(m, s, cell);
    if (wrong) fprintf(stderr, "comd, serial: %s\n", comd_text(wrong)), exit(1);
    for (size_t cell = 0; cell < s->cells; cell++) comd_pass_force(m, s, cell, 1);
  }
}

/* ---- The start ---- */

/* A number from 0 to 1 that depends on the argument alone. */
static inline double comd_random(uint64_t which) {
  uint64_t z = (which + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Momenta as they are at a temperature: nearly normal, the crystal at rest, and as hot as was asked for. */
static inline void comd_heat(comd_state *s, size_t atoms, double temperature) {
  double sum[3] = {0}, squares = 0.0, factor;
  for (int pass = 0; pass < 3; pass++) {
    factor = pass == 2 && squares > 0.0 ? sqrt(3.0 * (double)atoms * COMD_BOLTZMANN * temperature * COMD_MASS / squares) : 0.0;
    for (size_t cell = 0; cell < s->cells; cell++)
      for (uint32_t i = 0; i < s->where[cell].count; i++)
        for (int d = 0; d < 3; d++) {
          double *p = &s->rest[cell].p[d][i];
          if (pass == 0) {
            for (uint64_t k = 0; k < 12; k++) *p += comd_random(((uint64_t)s->where[cell].id[i] * 3 + (uint64_t)d) * 12 + k) - 0.5;
            sum[d] += *p;
          } else if (pass == 1) {
            *p -= sum[d] / (double)atoms;
            squares += *p * *p;
          } else *p *= factor;
        }
  }
}

/* A crystal of copper: four atoms in each unit cell, none of them on a cell's border. */
static inline void comd_crystal(const comd_model *m, comd_state *s, double lattice) {
  static const double basis[4][3] = {{0.25, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.75, 0.25, 0.75}, {0.75, 0.75, 0.25}};
  for (size_t at = 0; at < m->side * m->side * m->side * 4; at++) {
    size_t unit = at / 4, n = m->side, corner[3] = {unit % n, unit / n % n, unit / n / n}, cell[3];
    comd_where *where;
    double x[3];
    for (int d = 0; d < 3; d++) {
      x[d] = ((double)corner[d] + basis[at % 4][d]) * lattice;
      cell[d] = (size_t)(x[d] * m->inverse);
    }
    where = s->where + cell[0] + m->cells * (cell[1] + m->cells * cell[2]);
    if (where->count == COMD_MOST) fprintf(stderr, "comd: %s\n", comd_text(COMD_CROWDED)), exit(1);
    for (int d = 0; d < 3; d++) where->x[d][where->count] = x[d];
    where->id[where->count++] = (uint32_t)at;
  }
}

/* ---- What is checked ---- */

typedef struct comd_sums {
  size_t atoms;
  double potential, kinetic; /* of an atom */
  double force;              /* the mean of the squares of the atoms' forces */
  double momentum;           /* the length of the sum, divided by the square root of the sum of all squares */
} comd_sums;

/* Summed up in the order of the cells, so with the same bits for the same state. */
static inline comd_sums comd_sum(const comd_state *s) {
  comd_sums sums = {0, 0.0, 0.0, 0.0, 0.0};
  double p[3] = {0}, squares = 0.0;
  for (size_t cell = 0; cell < s->cells; cell++)
    for (uint32_t i = 0; i < s->where[cell].count; i++) {
      sums.atoms++;
      sums.potential += s->rest[cell].e[i];
      for (int d = 0; d < 3; d++) {
        p[d] += s->rest[cell].p[d][i];
        squares += s->rest[cell].p[d][i] * s->rest[cell].p[d][i];
        sums.force += s->rest[cell].f[d][i] * s->rest[cell].f[d][i];
      }
    }
  sums.potential /= (double)sums.atoms;
  sums.force /= (double)sums.atoms;
  sums.kinetic = squares / (2.0 * COMD_MASS * (double)sums.atoms);
  /* A crystal that was cold at the start has but rounding's momenta. */
  squares += 2e-6 * COMD_MASS * (double)sums.atoms;
  sums.momentum = sqrt((p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) / squares);
  return sums;
}

/* A number for the state: equal ones mean equal bits of all positions, momenta and forces. */
static inline uint64_t comd_fingerprint(const comd_state *s) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t cell = 0; cell < s->cells; cell++)
    for (uint32_t i = 0; i < s->where[cell].count; i++) {
      uint64_t words[10] = {s->where[cell].id[i]};
      for (int d = 0; d < 3; d++) {
        memcpy(words + 1 + d, &s->where[cell].x[d][i], 8);
        memcpy(words + 4 + d, &s->rest[cell].p[d][i], 8);
        memcpy(words + 7 + d, &s->rest[cell].f[d][i], 8);
      }
      for (int word = 0; word < 10; word++) hash = (hash ^ words[word]) * 0x100000001b3u, hash ^= hash >> 29;
    }
  return hash;
}

/* The largest difference of a force from that of all pairs without any cells, as a part of the largest force. In a cold crystal
 * neighbours' forces cancel, and what is left of them is rounding: there it is a part of what one pair has. */
static inline double comd_all_pairs(const comd_model *m, const comd_state *s) {
  double worst = 0.0, largest = 0.0;
  for (size_t a = 0; a < s->cells; a++)
    for (uint32_t i = 0; i < s->where[a].count; i++) {
      double sum[3] = {0}, energy;
      for (size_t b = 0; b < s->cells; b++)
        for (uint32_t j = 0; j < s->where[b].count; j++) {
          double by[3], r2 = 0.0, force;
          for (int d = 0; d < 3; d++) {
            by[d] = s->where[a].x[d][i] - s->where[b].x[d][j];
            by[d] -= by[d] > 0.5 * m->length ? m->length : by[d] < -0.5 * m->length ? -m->length : 0.0;
            r2 += by[d] * by[d];
          }
          if (r2 > COMD_CUTOFF * COMD_CUTOFF || (a == b && i == j)) continue;
          force = comd_pair(r2, &energy);
          for (int d = 0; d < 3; d++) sum[d] += force * by[d];
        }
      for (int d = 0; d < 3; d++) {
        worst = fmax(worst, fabs(sum[d] - s->rest[a].f[d][i]));
        largest = fmax(largest, fabs(sum[d]));
      }
    }
  return worst / fmax(largest, COMD_EPSILON / COMD_SIGMA);
}

/* The largest of what was seen of the energy. */
typedef struct comd_energy {
  double off, force, kinetic; /* the total's difference from that at the start */
} comd_energy;

static inline void comd_see(comd_energy *seen, comd_sums sums, comd_sums before) {
  seen->off = fmax(seen->off, fabs(sums.potential + sums.kinetic - before.potential - before.kinetic));
  seen->force = fmax(seen->force, sums.force);
  seen->kinetic = fmax(seen->kinetic, sums.kinetic);
}

/* What the difference is a part of: Verlet's error, and that of the cutoff, where the force jumps to 0. A step with a force F errs by about
 * (F dt)^2 / m; of springs, whose forces are 0 at the start, it is an eighth of that, at any temperature and stiffness. A pair that
 * crosses the cutoff errs by about the jump times its way in a step, up or down, which adds up as the root of the number of steps,
 * and cancels among the atoms as the root of theirs. And an energy of 1 eV has the last digits of a double. */
static inline double comd_scale(const comd_options *o, size_t atoms, const comd_energy *seen) {
  double verlet = o->dt * o->dt * seen->force / COMD_MASS, s2 = COMD_SIGMA * COMD_SIGMA / (COMD_CUTOFF * COMD_CUTOFF), s6 = s2 * s2 * s2;
  double jump = 24.0 * COMD_EPSILON / COMD_CUTOFF * s6 * (1.0 - 2.0 * s6), way = o->dt * sqrt(2.0 * seen->kinetic / COMD_MASS);
  return verlet + jump * way * sqrt((double)o->steps / (double)atoms) + 1e-9;
}

/* Says whether something holds; the number of things that do not. */
static inline int comd_holds(int holds, const char *what, double number, double bound) {
  printf("%s %-66s %9.2e (bound %.2g)\n", holds ? "  ok  " : "FAILED", what, number, bound);
  return !holds;
}

static inline int comd_verify(const comd_options *o, const comd_model *m, const comd_state *first, const comd_state *last,
                              comd_sums before, comd_sums after, const comd_energy *seen) {
  size_t atoms = 4 * m->side * m->side * m->side;
  double energy = seen->off / comd_scale(o, atoms, seen), lost = fabs((double)atoms - (double)after.atoms);
  double cohesive = fabs(before.potential / COMD_COHESIVE - 1.0);
  int failed = comd_holds(lost == 0.0, "atoms lost", lost, 0.0);
  if (o->lattice == COMD_LATTICE)
    failed += comd_holds(cohesive < 1e-10, "energy of the perfect crystal, off what CoMD's documentation says", cohesive, 1e-10);
  failed += comd_holds(energy < 0.25, "energy, off that at the start, as part of what such steps may err by", energy, 0.25);
  failed += comd_holds(after.momentum < 1e-9, "momentum of the whole crystal", after.momentum, 1e-9);
  if (o->check) {
    comd_state serial = comd_state_new(first->cells);
    double pairs = comd_all_pairs(m, last);
    int same;
    memcpy(serial.where, first->where, first->cells * sizeof *first->where);
    memcpy(serial.rest, first->rest, first->cells * sizeof *first->rest);
    comd_serial(m, &serial, o->steps);
    same = comd_fingerprint(&serial) == comd_fingerprint(last);
    failed += comd_holds(pairs < 1e-11, "forces at the end, off those of all pairs without cells", pairs, 1e-11);
    failed += comd_holds(same, "states that differ from a serial run's in any bit", (double)!same, 0.0);
    comd_state_free(&serial);
  }
  return failed;
}

/* ---- Options ---- */

static inline void comd_usage(FILE *to, const comd_system *system) {
  fprintf(to, "usage: %s [OPTIONS]\n\n"
              "Molecular dynamics as in the mini-app CoMD: a crystal of copper, forces of Lennard and Jones, cells,\n"
              "velocity Verlet. The exit status is 1 if the result is not as it must be.\n\n"
              "  --size N          unit cells on each side, of 4 atoms each, from 5 to 600    [20]\n"
              "  --steps N         time steps                                                 [100]\n"
              "  --every N         tells the energies after each N steps; 0: at the end       [10]\n"
              "  --dt FS           femtoseconds of a step                                     [1]\n"
              "  --lattice A       angstroms of a unit cell                                   [3.615]\n"
              "  --temperature K   kelvins at the start                                       [600]\n"
              "  --workers N       %s; 0: one for each core that there is                [0]\n", system->name, system->workers_are);
  if (system->has_groups) fprintf(to, "  --group N         cells on each side of a group, which is a block's part     [3]\n");
  fprintf(to, "  --check           also compares with a serial run, bit for bit, and with all pairs\n"
              "  --help            this\n");
}

static inline void comd_refuse(const comd_system *system, const char *option, const char *why) {
  fprintf(stderr, "%s: %s %s; `%s --help` tells the options\n", system->name, option, why, system->name);
  exit(2);
}

static inline double comd_number(const comd_system *system, const char *option, const char *text, int whole, double least,
                                 double most) {
  char why[160], *end = NULL;
  double number;
  if (!text) comd_refuse(system, option, "is followed by a number");
  errno = 0;
  number = strtod(text, &end);
  if (end != text && *end == '\0' && errno == 0 && number >= least && number <= most && (!whole || number == floor(number)))
    return number;
  snprintf(why, sizeof why, "is a %snumber from %g to %g, and not `%.40s`", whole ? "whole " : "", least, most, text);
  comd_refuse(system, option, why);
  return 0.0;
}

static inline comd_options comd_parse(const comd_system *system, int argc, char **argv) {
  comd_options o = {20, 100, 10, 0, 3, 1.0, COMD_LATTICE, 600.0, 0};
  for (int at = 1; at < argc; at++) {
    const char *option = argv[at], *text = at + 1 < argc ? argv[at + 1] : NULL;
    int alone = strcmp(option, "--check") == 0;
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) comd_usage(stdout, system), exit(0);
    if (alone) o.check = 1;
    else if (strcmp(option, "--size") == 0) o.size = (size_t)comd_number(system, option, text, 1, 5, 600);
    else if (strcmp(option, "--steps") == 0) o.steps = (size_t)comd_number(system, option, text, 1, 1, 1e9);
    else if (strcmp(option, "--every") == 0) o.every = (size_t)comd_number(system, option, text, 1, 0, 1e9);
    else if (strcmp(option, "--dt") == 0) o.dt = comd_number(system, option, text, 0, 1e-6, 100);
    else if (strcmp(option, "--lattice") == 0) o.lattice = comd_number(system, option, text, 0, 2, 10);
    else if (strcmp(option, "--temperature") == 0) o.temperature = comd_number(system, option, text, 0, 0, 1e5);
    else if (strcmp(option, "--workers") == 0) o.workers = (size_t)comd_number(system, option, text, 1, 0, 4096);
    else if (system->has_groups && strcmp(option, "--group") == 0) o.group = (size_t)comd_number(system, option, text, 1, 1, 1000);
    else comd_refuse(system, option, "is no option");
    at += !alone;
  }
  return o;
}

/* ---- The program ---- */

static inline double comd_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void comd_tell(size_t step, const comd_options *o, comd_sums s) {
  printf("%8zu %10.2f %17.12f %17.12f %17.12f %10.4f\n", step, (double)step * o->dt, s.potential + s.kinetic, s.potential, s.kinetic,
         s.kinetic / (1.5 * COMD_BOLTZMANN));
}

static inline int comd_main(int argc, char **argv, const comd_system *system) {
  comd_options o = comd_parse(system, argc, argv);
  comd_model m = {o.size, (size_t)((double)o.size * o.lattice / COMD_CUTOFF), (double)o.size * o.lattice, 0.0, o.dt};
  size_t atoms = 4 * o.size * o.size * o.size, workers;
  double seconds = 0.0, rate;
  comd_energy seen = {0.0, 0.0, 0.0};
  comd_state first, last;
  comd_sums before, after;
  void *self;
  int failed;
  if (m.cells < 3) {
    char why[120];
    snprintf(why, sizeof why, "gives a box of %g angstroms; at least %g are needed", m.length, 3.0 * COMD_CUTOFF);
    comd_refuse(system, "--size", why);
  }
  m.inverse = (double)m.cells / m.length;
  first = comd_state_new(m.cells * m.cells * m.cells);
  last = comd_state_new(first.cells);
  comd_crystal(&m, &first, o.lattice);
  comd_heat(&first, atoms, o.temperature);

  self = system->begin(&o, &m, &first);
  workers = system->workers(self);
  printf("%s: %zu atoms in %zu x %zu x %zu cells, %zu steps, %zu %s\n", system->name, atoms, m.cells, m.cells, m.cells, o.steps,
         workers, system->workers_are);
  printf("    step         fs   total, eV/atom         potential           kinetic          K\n");
  system->fetch(self, &last);
  before = after = comd_sum(&last);
  comd_see(&seen, before, before);
  comd_tell(0, &o, before);
  for (size_t step = 0; step < o.steps;) {
    size_t count = o.every && o.every < o.steps - step ? o.every : o.steps - step;
    double begin = comd_seconds();
    system->steps(self, count);
    seconds += comd_seconds() - begin;
    step += count;
    system->fetch(self, &last);
    after = comd_sum(&last);
    comd_see(&seen, after, before);
    comd_tell(step, &o, after);
  }
  system->end(self);
  failed = comd_verify(&o, &m, &first, &last, before, after, &seen);
  rate = (double)atoms * (double)o.steps / seconds;
  printf("state: %016llx\n", (unsigned long long)comd_fingerprint(&last));
  printf("rate: %.0f atom-steps/s (%.3f s; %.3f us an atom and step, on each of the %s)\n", rate, seconds,
         1e6 * (double)workers / rate, system->workers_are);
  if (failed) fprintf(stderr, "%s: %d of the checks FAILED, see above\n", system->name, failed);
  comd_state_free(&first), comd_state_free(&last);
  return failed != 0;
}

#endif
