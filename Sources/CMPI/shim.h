#include <mpi.h>

// What of MPI Swift cannot call, since communicators, types and operators are macros of casts. All
// goes over MPI_COMM_WORLD, whose errors end the program with a message of MPI's own.

static inline int reber_mpi_start(void) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(0, 0, MPI_THREAD_SERIALIZED, &provided);
  return provided >= MPI_THREAD_SERIALIZED;
}

static inline int reber_mpi_rank(void) {
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

static inline int reber_mpi_count(void) {
  int count;
  MPI_Comm_size(MPI_COMM_WORLD, &count);
  return count;
}

static inline int reber_mpi_count_on_this_machine(void) {
  MPI_Comm machine;
  int count;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  MPI_Comm_size(machine, &count);
  MPI_Comm_free(&machine);
  return count;
}

// What begins is done when reber_mpi_is_done says so.

static inline MPI_Request reber_mpi_meet(void) {
  MPI_Request request;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  return request;
}

static inline MPI_Request reber_mpi_sum_doubles(double *values, int count) {
  MPI_Request request;
  MPI_Iallreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
  return request;
}

// Not in place: Open MPI then sums large arrays part by part, all ranks at once.
static inline MPI_Request reber_mpi_sum_floats(const float *values, float *sums, int count) {
  MPI_Request request;
  MPI_Iallreduce(values, sums, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &request);
  return request;
}

static inline MPI_Request reber_mpi_gather_counts(const int *count, int *counts) {
  MPI_Request request;
  MPI_Iallgather(count, 1, MPI_INT, counts, 1, MPI_INT, MPI_COMM_WORLD, &request);
  return request;
}

static inline MPI_Request reber_mpi_gather(const void *own, int count, void *all,
                                           const int *counts, const int *places) {
  MPI_Request request;
  MPI_Iallgatherv(own, count, MPI_BYTE, all, counts, places, MPI_BYTE, MPI_COMM_WORLD, &request);
  return request;
}

static inline int reber_mpi_is_done(MPI_Request *request) {
  int isDone = 0;
  MPI_Test(request, &isDone, MPI_STATUS_IGNORE);
  return isDone;
}

static inline void reber_mpi_leave(void) { MPI_Finalize(); }

static inline void reber_mpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }
