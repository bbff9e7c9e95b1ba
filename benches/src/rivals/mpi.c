/* MPI: what a rank needs, for messages of 16 bytes.
 *
 * They are far below what MPI implementations copy at once, so that a send does not wait for its receive. */
#include <stddef.h>

#include <mpi.h>

enum { BYTES = 16 };

/* Errors end the ranks: MPI's default. */
void rival_mpi_start(int *rank, int *ranks) {
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, ranks);
}

void rival_mpi_stop(void) { MPI_Finalize(); }

void rival_mpi_barrier(void) { MPI_Barrier(MPI_COMM_WORLD); }

void rival_mpi_send(const void *from, int to_rank, int tag) {
    MPI_Send(from, BYTES, MPI_BYTE, to_rank, tag, MPI_COMM_WORLD);
}

void rival_mpi_receive(void *to, int from_rank, int tag) {
    MPI_Recv(to, BYTES, MPI_BYTE, from_rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}
