#ifndef COUNTING_ALLOCATOR_H
#define COUNTING_ALLOCATOR_H

/// How many blocks the calling thread has allocated so far. Linking this module replaces malloc and its kin by ones
/// that count (glibc only).
long allocated_blocks(void);

#endif
