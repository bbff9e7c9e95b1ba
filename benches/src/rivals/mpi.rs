//! Ranks of MPI; the driver is `mpi.c`.

use crate::metg::case::Output;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

unsafe extern "C" {
    fn rival_mpi_start(rank: *mut c_int, ranks: *mut c_int);
    fn rival_mpi_stop();
    fn rival_mpi_barrier();
    fn rival_mpi_send(from: *const c_void, to_rank: c_int, tag: c_int);
    fn rival_mpi_receive(to: *mut c_void, from_rank: c_int, tag: c_int);
}

/// This process as one of the ranks that `mpirun` has started. MPI is asked by one thread only.
pub(crate) struct Rank {
    /// Its number.
    pub(crate) me: usize,
    /// How many there are.
    pub(crate) ranks: usize,
    _one_thread: PhantomData<*const ()>,
}

impl Rank {
    /// Joins the others. Once in a process.
    pub(crate) fn start() -> Self {
        let (mut me, mut ranks) = (0, 0);
        // SAFETY: both are written before the call returns.
        unsafe { rival_mpi_start(&raw mut me, &raw mut ranks) }
        Rank {
            me: me as usize,
            ranks: ranks as usize,
            _one_thread: PhantomData,
        }
    }

    /// Waits until all are here.
    pub(crate) fn barrier(&self) {
        // SAFETY: MPI has been started, and is asked by this thread only.
        unsafe { rival_mpi_barrier() }
    }

    /// Sends 16 bytes.
    #[inline]
    pub(crate) fn send(&self, output: &Output, to: usize, tag: usize) {
        // SAFETY: as for the barrier; 16 bytes are read, as many as an output has.
        unsafe { rival_mpi_send(output.as_ptr().cast(), to as c_int, tag as c_int) }
    }

    /// Waits for 16 bytes.
    #[inline]
    pub(crate) fn receive(&self, output: &mut Output, from: usize, tag: usize) {
        // SAFETY: as for the barrier; 16 bytes are written, as many as an output has.
        unsafe { rival_mpi_receive(output.as_mut_ptr().cast(), from as c_int, tag as c_int) }
    }
}

impl Drop for Rank {
    fn drop(&mut self) {
        // SAFETY: it was started, and nothing is asked afterwards.
        unsafe { rival_mpi_stop() }
    }
}
