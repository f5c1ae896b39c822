/// Larger blocks go back to the system when they are freed.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK_BYTES: libc::c_int = 1 << 20;

/// Makes the allocator give the memory of large records back.
///
/// The C library raises its own threshold once a large block was freed. From then on, each thread
/// keeps the memory of its largest record.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "no crate sets the option of the allocator")]
pub(crate) fn return_large_blocks() {
    // SAFETY: it takes two integers, and may be called at any time.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES) };
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn return_large_blocks() {}
