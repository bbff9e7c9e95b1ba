/* Molecules that attract and repel each other (Lennard-Jones) in a periodic box: moldyn [CELLS [EACH [STEPS]]]. The box has CELLS
 * cells in each of three directions, and EACH molecules a cell to begin with; who is further away than a cell's edge is not felt.
 * In each step a cell moves its molecules by what the 27 cells around pull, and then gathers those that have come to it. What
 * comes out is compared with a run over all pairs, without cells. */
#include "common.h"

typedef struct {
    u64 id;
    double at[3], speed[3];
} molecule_t;
/* The molecules of a cell. */
typedef struct {
    u64 count;
    molecule_t all[];
} cell_t;

static const double edge = 2.5, shortest = 0.7, time_step = 0.004;
static u64 wide, each, steps, number, room;
/* What is in the cells, and where they put what they have moved: two blocks a cell. */
static ocrGuid_t *cells, *moved;
static molecule_t *start, *result;

static double box(void) { return edge * (double)wide; }
static double wrapped(double x) { return x < 0 ? x + box() : x >= box() ? x - box() : x; }
static u64 cell_at(const double at[3]) {
    u64 place[3];
    for (int k = 0; k < 3; k++) {
        place[k] = (u64)(at[k] / edge);
        if (place[k] >= wide) place[k] = wide - 1;
    }
    return (place[0] * wide + place[1]) * wide + place[2];
}
/* The cell that is so near: 0 to 26, of which 13 is the cell itself. */
static u64 neighbour(u64 cell, u64 near) {
    u64 x = cell / wide / wide, y = cell / wide % wide, z = cell % wide;
    x = (x + wide + near / 9 - 1) % wide, y = (y + wide + near / 3 % 3 - 1) % wide, z = (z + wide + near % 3 - 1) % wide;
    return (x * wide + y) * wide + z;
}
/* Adds what one does to another. */
static void pull(const molecule_t *on, const molecule_t *by, double force[3]) {
    double way[3], square = 0;
    for (int k = 0; k < 3; k++) {
        way[k] = on->at[k] - by->at[k];
        way[k] -= way[k] > box() / 2 ? box() : way[k] < -box() / 2 ? -box() : 0;
        square += way[k] * way[k];
    }
    if (on->id == by->id || square >= edge * edge) return;
    /* So that those which were put into one place do not fly apart at once. */
    if (square < shortest * shortest) square = shortest * shortest;
    double six = 1 / (square * square * square);
    for (int k = 0; k < 3; k++) force[k] += 24 * six * (2 * six - 1) / square * way[k];
}
static void move(molecule_t *molecule, const double force[3]) {
    for (int k = 0; k < 3; k++) {
        molecule->speed[k] += time_step * force[k];
        molecule->at[k] = wrapped(molecule->at[k] + time_step * molecule->speed[k]);
    }
}

EDT(advance) {
    UNUSED;
    cell_t *mine = depv[13].ptr, *out = depv[27].ptr;
    out->count = mine->count;
    for (u64 i = 0; i < mine->count; i++) {
        double force[3] = {0, 0, 0};
        for (int near = 0; near < 27; near++) {
            const cell_t *other = depv[near].ptr;
            for (u64 j = 0; j < other->count; j++) pull(&mine->all[i], &other->all[j], force);
        }
        out->all[i] = mine->all[i];
        move(&out->all[i], force);
    }
    return NULL_GUID;
}
EDT(gather) {
    UNUSED;
    cell_t *mine = depv[27].ptr;
    mine->count = 0;
    for (int near = 0; near < 27; near++) {
        const cell_t *other = depv[near].ptr;
        for (u64 j = 0; j < other->count; j++) {
            if (cell_at(other->all[j].at) != paramv[0]) continue;
            if (mine->count == room) {
                PRINTF("moldyn: more than %" PRIu64 " molecules in a cell\n", room);
                ocrAbort(2);
                return NULL_GUID;
            }
            mine->all[mine->count++] = other->all[j];
        }
    }
    if (paramv[1] + 1 == steps)
        for (u64 i = 0; i < mine->count; i++) result[mine->all[i].id] = mine->all[i];
    return NULL_GUID;
}
/* Creates the EDTs of all cells for one half of a step. */
static void over_cells(ocrEdt_t function, const char *name, const ocrGuid_t *from, const ocrGuid_t *to, u64 now) {
    for (u64 cell = 0; cell < number; cell++) {
        u64 params[2] = {cell, now};
        ocrGuid_t edt = edt_named(function, name, 2, params, 28, EDT_PROP_NONE, NULL);
        for (u64 near = 0; near < 27; near++) ocrAddDependence(from[neighbour(cell, near)], edt, (u32)near, DB_MODE_CONST);
        ocrAddDependence(to[cell], edt, 27, DB_MODE_EW);
    }
}
EDT(advance_all) {
    UNUSED;
    over_cells(advance, "advance", cells, moved, paramv[0]);
    return NULL_GUID;
}
EDT(gather_all) {
    UNUSED;
    over_cells(gather, "gather", moved, cells, paramv[0]);
    return NULL_GUID;
}
EDT(check) {
    UNUSED;
    u64 all = number * each;
    double *forces = malloc(all * 3 * sizeof *forces), worst = 0, speed[3] = {0, 0, 0};
    for (u64 s = 0; s < steps; s++) {
        memset(forces, 0, all * 3 * sizeof *forces);
        for (u64 i = 0; i < all; i++)
            for (u64 j = 0; j < all; j++) pull(&start[i], &start[j], forces + 3 * i);
        for (u64 i = 0; i < all; i++) move(&start[i], forces + 3 * i);
    }
    for (u64 i = 0; i < all; i++)
        for (int k = 0; k < 3; k++) {
            double off = fabs(start[i].at[k] - result[i].at[k]);
            worst = fmax(worst, fmin(off, box() - off));
            worst = fmax(worst, fabs(start[i].speed[k] - result[i].speed[k]));
            speed[k] += result[i].speed[k];
        }
    for (u64 cell = 0; cell < number; cell++) ocrDbDestroy(cells[cell]), ocrDbDestroy(moved[cell]);
    free(forces), free(start), free(result), free(cells), free(moved);
    /* What pulls is pulled: all of them together stay where they are. */
    bool rests = fabs(speed[0]) + fabs(speed[1]) + fabs(speed[2]) < 1e-9 * (double)all;
    end("moldyn", worst < 1e-7 && rests);
    return NULL_GUID;
}
/* One step: two finish EDTs, one after the other, and then the next step. */
EDT(round_of) {
    UNUSED;
    u64 now = paramv[0], next = now + 1;
    ocrGuid_t advanced, gathered;
    ocrGuid_t first = edt_of(advance_all, 1, &now, 1, EDT_PROP_FINISH, &advanced);
    ocrGuid_t second = edt_of(gather_all, 1, &now, 1, EDT_PROP_FINISH, &gathered);
    ocrGuid_t last = next == steps ? edt_of(check, 0, NULL, 1, EDT_PROP_NONE, NULL) : edt_of(round_of, 1, &next, 1, EDT_PROP_NONE, NULL);
    ocrAddDependence(gathered, last, 0, DB_MODE_NULL);
    ocrAddDependence(advanced, second, 0, DB_MODE_NULL);
    ocrAddDependence(NULL_GUID, first, 0, DB_MODE_NULL);
    return NULL_GUID;
}
ocrGuid_t mainEdt(u32 paramc, u64 *paramv, u32 depc, ocrEdtDep_t depv[]) {
    UNUSED;
    wide = argument(depv, 1, 4), each = argument(depv, 2, 8), steps = argument(depv, 3, 20);
    if (wide < 3 || each == 0 || each > 8 || steps == 0) {
        PRINTF("moldyn: at least 3 CELLS in each direction, 1 to 8 molecules EACH, and at least 1 of STEPS\n");
        ocrAbort(2);
        return NULL_GUID;
    }
    number = wide * wide * wide, room = 64;
    cells = malloc(number * sizeof *cells), moved = malloc(number * sizeof *moved);
    start = calloc(number * each, sizeof *start), result = calloc(number * each, sizeof *result);
    double middle[3] = {0, 0, 0};
    u64 state = 2718281;
    for (u64 id = 0; id < number * each; id++) {
        molecule_t *one = &start[id];
        u64 cell = id / each, corner = id % each, origin[3] = {cell / wide / wide, cell / wide % wide, cell % wide};
        one->id = id;
        for (int k = 0; k < 3; k++) {
            double part = (corner >> k & 1 ? 0.75 : 0.25) + (double)(next_random(&state) % 1000) * 1e-4;
            one->at[k] = edge * ((double)origin[k] + part);
            one->speed[k] = (double)(next_random(&state) % 2001) * 0.01 - 10;
            middle[k] += one->speed[k] / (double)(number * each);
        }
    }
    for (u64 id = 0; id < number * each; id++)
        for (int k = 0; k < 3; k++) start[id].speed[k] -= middle[k];
    for (u64 cell = 0; cell < number; cell++) {
        cell_t *mine;
        cells[cell] = block_of(sizeof *mine + room * sizeof(molecule_t), &mine);
        mine->count = each;
        memcpy(mine->all, start + cell * each, each * sizeof(molecule_t));
        ocrDbRelease(cells[cell]);
        ocrDbCreate(&moved[cell], (void **)&mine, sizeof *mine + room * sizeof(molecule_t), DB_PROP_NO_ACQUIRE, NULL_HINT, NO_ALLOC);
    }
    u64 zero = 0;
    ocrAddDependence(NULL_GUID, edt_of(round_of, 1, &zero, 1, EDT_PROP_NONE, NULL), 0, DB_MODE_NULL);
    return NULL_GUID;
}
