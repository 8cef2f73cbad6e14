/*
 * Partitions of disks, as the PC's master boot record describes them.
 */
#pragma once

#include "lib/types.h"

struct block_device;

/*
 * The disk that the root file system is on: the first Linux partition of `disk`, registered as a
 * device of its own (hda1, ram0p1), or `disk` itself if it has none. An entry that cannot be true
 * is passed over with a log line; so is a table that cannot be read. Sleeps; boot only, by
 * process 1.
 * -ENOMEM.
 */
int partition_root(struct block_device *disk, struct block_device **root);
