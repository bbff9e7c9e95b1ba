/* The physics of comd: copper atoms that attract and repel each other as Lennard and Jones have it, in a box without ends, found by
 * way of cells. Written from the published description of CoMD, the mini-app of molecular dynamics of ExMatEx, with its units
 * (angstroms, femtoseconds, electronvolts) and its parameters.
 *
 * Atoms lie in cells as wide as the forces reach or wider, so an atom meets those of 27 cells and no others. A step is three passes
 * over all cells; in each, a cell changes only what is its own:
 *
 *     drift    half a kick, then each atom moves; who left the cell waits in its list of leavers
 *     collect  takes in who left the 26 neighbours for this cell, in the order of the atoms' numbers
 *     force    from what is in the 27 cells, then half a kick
 *
 * An atom's neighbours are met in an order that depends on nothing but where the atoms are: the result has the same bits however
 * the cells are shared out. (A compiler may not contract a * b + c, though: -ffp-contract=off.)
 */
#ifndef COMD_MODEL_H
#define COMD_MODEL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COMD_MOST 64                 /* atoms of a cell; a crystal has about 20 */
#define COMD_NEAR 27                 /* cells that an atom meets; the one it is in is in the middle */
#define COMD_SIGMA 2.315             /* angstroms */
#define COMD_EPSILON 0.167           /* electronvolts */
#define COMD_CUTOFF (2.5 * COMD_SIGMA)
#define COMD_MASS (63.55 * 103.6426867) /* so that energies are electronvolts */
#define COMD_BOLTZMANN 8.6173324e-5  /* electronvolts a kelvin */
#define COMD_LATTICE 3.615           /* angstroms, of copper */
/* What CoMD's documentation says that one atom of the perfect crystal has of potential energy, in electronvolts. */
#define COMD_COHESIVE (-1.243619295058)

/* What neighbours look at. Atoms are in the order of their numbers. */
typedef struct comd_where {
  uint32_t count, unused;
  uint32_t id[COMD_MOST];
  double x[3][COMD_MOST];
} comd_where;

/* What they do not look at. */
typedef struct comd_rest {
  double p[3][COMD_MOST]; /* momenta */
  double f[3][COMD_MOST]; /* forces */
  double e[COMD_MOST];    /* potential energies */
} comd_rest;

/* Who left a cell in a step, and to which of its neighbours. */
typedef struct comd_leaver {
  double x[3], p[3];
  uint32_t id, to;
} comd_leaver;

typedef struct comd_leavers {
  uint32_t count, unused;
  comd_leaver atom[COMD_MOST];
} comd_leavers;

typedef struct comd_model {
  size_t side;    /* unit cells of the crystal on each side: 4 atoms each */
  size_t cells;   /* cells on each side */
  double length;  /* of a side */
  double inverse; /* cells an angstrom */
  double dt;
} comd_model;

/* All atoms, cell by cell, x fastest. */
typedef struct comd_state {
  size_t cells; /* all of them */
  comd_where *where;
  comd_rest *rest;
  comd_leavers *leavers;
} comd_state;

/* What a pass says that could not go on. */
enum { COMD_FINE = 0, COMD_ASTRAY = 1, COMD_CROWDED = 2 };

static inline const char *comd_text(int wrong) {
  return wrong == COMD_ASTRAY ? "an atom went further than a cell in one step; take a shorter --dt or a lower --temperature"
                              : "a cell has no room for more than 64 atoms; take a larger --lattice";
}

/* The place of a neighbour among the 27: each of the three is -1, 0 or 1. */
static inline size_t comd_direction(int x, int y, int z) { return (size_t)(x + 1 + 3 * (y + 1) + 9 * (z + 1)); }

/* The coordinate next to one, and by how much the atoms there appear shifted. */
static inline size_t comd_next(const comd_model *m, size_t at, int by, double *shift) {
  *shift = 0.0;
  if (by < 0 && at == 0) return *shift = -m->length, m->cells - 1;
  if (by > 0 && at + 1 == m->cells) return *shift = m->length, 0;
  return by < 0 ? at - 1 : by > 0 ? at + 1 : at;
}

/* The neighbours of a cell, and their shifts. */
static inline void comd_neighbours(const comd_model *m, size_t cell, size_t near[COMD_NEAR], double shift[COMD_NEAR][3]) {
  size_t n = m->cells, x = cell % n, y = cell / n % n, z = cell / n / n;
  for (int k = -1; k <= 1; k++)
    for (int j = -1; j <= 1; j++)
      for (int i = -1; i <= 1; i++) {
        size_t d = comd_direction(i, j, k);
        size_t there = comd_next(m, z, k, &shift[d][2]);
        there = there * n + comd_next(m, y, j, &shift[d][1]);
        near[d] = there * n + comd_next(m, x, i, &shift[d][0]);
      }
}

static inline void comd_half_kick(const comd_model *m, size_t count, comd_rest *rest) {
  for (int d = 0; d < 3; d++)
    for (size_t i = 0; i < count; i++) rest->p[d][i] += 0.5 * m->dt * rest->f[d][i];
}

/* The pass `drift`, for the cell with these coordinates. */
static inline int comd_drift(const comd_model *m, const size_t at[3], comd_where *where, comd_rest *rest, comd_leavers *leavers) {
  uint32_t stay = 0;
  comd_half_kick(m, where->count, rest);
  leavers->count = 0;
  for (uint32_t i = 0; i < where->count; i++) {
    comd_leaver atom = {{0}, {0}, where->id[i], 0};
    int by[3];
    for (int d = 0; d < 3; d++) {
      double x = where->x[d][i] + m->dt / COMD_MASS * rest->p[d][i];
      double moved = floor(x * m->inverse) - (double)at[d];
      if (!(moved >= -1.0 && moved <= 1.0)) return COMD_ASTRAY;
      by[d] = (int)moved;
      if (by[d] < 0 && at[d] == 0) x += m->length;
      if (by[d] > 0 && at[d] + 1 == m->cells) x -= m->length;
      atom.x[d] = x;
      atom.p[d] = rest->p[d][i];
    }
    atom.to = (uint32_t)comd_direction(by[0], by[1], by[2]);
    if (atom.to != COMD_NEAR / 2) {
      leavers->atom[leavers->count++] = atom;
      continue;
    }
    where->id[stay] = atom.id;
    for (int d = 0; d < 3; d++) where->x[d][stay] = atom.x[d], rest->p[d][stay] = atom.p[d];
    stay++;
  }
  where->count = stay;
  return COMD_FINE;
}

/* Puts an atom where its number belongs. */
static inline int comd_take_in(comd_where *where, comd_rest *rest, const comd_leaver *atom) {
  uint32_t i = where->count;
  if (i == COMD_MOST) return COMD_CROWDED;
  for (; i > 0 && where->id[i - 1] > atom->id; i--) {
    where->id[i] = where->id[i - 1];
    for (int d = 0; d < 3; d++) where->x[d][i] = where->x[d][i - 1], rest->p[d][i] = rest->p[d][i - 1];
  }
  where->id[i] = atom->id;
  for (int d = 0; d < 3; d++) where->x[d][i] = atom->x[d], rest->p[d][i] = atom->p[d];
  where->count++;
  return COMD_FINE;
}

/* The pass `collect`. A neighbour's leavers are for here if they went the way that leads from there to here. */
static inline int comd_collect(comd_where *where, comd_rest *rest, const comd_leavers *const near[COMD_NEAR]) {
  for (size_t d = 0; d < COMD_NEAR; d++)
    for (uint32_t i = 0; i < near[d]->count; i++) {
      const comd_leaver *atom = &near[d]->atom[i];
      if (atom->to == COMD_NEAR - 1 - d && comd_take_in(where, rest, atom) != COMD_FINE) return COMD_CROWDED;
    }
  return COMD_FINE;
}

/* The force of atoms at a squared distance on each other, divided by the distance; and their energy, which is 0 at the cutoff. */
static inline double comd_pair(double r2, double *energy) {
  const double s2 = COMD_SIGMA * COMD_SIGMA, s6 = s2 * s2 * s2, c2 = COMD_CUTOFF * COMD_CUTOFF, c6 = s6 / (c2 * c2 * c2);
  double inverse = 1.0 / r2, r6 = s6 * inverse * inverse * inverse;
  *energy = 4.0 * COMD_EPSILON * (r6 * (r6 - 1.0) - c6 * (c6 - 1.0));
  return 4.0 * COMD_EPSILON * r6 * (12.0 * r6 - 6.0) * inverse;
}

/* The pass `force`, but for the kick. */
static inline void comd_force(const comd_where *where, comd_rest *rest, const comd_where *const near[COMD_NEAR],
                              double shift[COMD_NEAR][3]) {
  const double reach = COMD_CUTOFF * COMD_CUTOFF;
  memset(rest->f, 0, sizeof rest->f);
  memset(rest->e, 0, sizeof rest->e);
  for (size_t k = 0; k < COMD_NEAR; k++) {
    const comd_where *there = near[k];
    for (uint32_t i = 0; i < where->count; i++) {
      double x = where->x[0][i] - shift[k][0], y = where->x[1][i] - shift[k][1], z = where->x[2][i] - shift[k][2];
      double fx = 0.0, fy = 0.0, fz = 0.0, e = 0.0, r2[COMD_MOST];
      uint32_t close[COMD_MOST + 1], count = 0;
      for (uint32_t j = 0; j < there->count; j++) {
        double dx = x - there->x[0][j], dy = y - there->x[1][j], dz = z - there->x[2][j];
        r2[j] = dx * dx + dy * dy + dz * dz;
      }
      /* Who is close is listed without a branch: a processor foresees it only while the crystal is cold and the order of cells
       * long, so it would measure that. At no distance is the atom itself. */
      for (uint32_t j = 0; j < there->count; j++) {
        close[count] = j;
        count += (uint32_t)(r2[j] <= reach) & (uint32_t)(r2[j] > 0.0);
      }
      for (uint32_t n = 0; n < count; n++) {
        uint32_t j = close[n];
        double energy, force = comd_pair(r2[j], &energy);
        fx += force * (x - there->x[0][j]), fy += force * (y - there->x[1][j]), fz += force * (z - there->x[2][j]);
        e += energy;
      }
      rest->f[0][i] += fx, rest->f[1][i] += fy, rest->f[2][i] += fz;
      rest->e[i] += 0.5 * e; /* the other half is the other atom's */
    }
  }
}

#endif
