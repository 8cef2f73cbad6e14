/* Locks are the kernel's own; programs include this header for others that need it there. */
