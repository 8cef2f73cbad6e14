/*
 * A test that runs in a folder of its own: with FOLDER defined as the name of an existing directory
 * (so that one source is a test on two file systems), below that, otherwise where it was started.
 */
#pragma once

#include "tap.h"

static char folder_path[64]; /* empty: there is none */

TAP_FN void folder_enter(void)
{
#ifdef FOLDER
	snprintf(folder_path, sizeof folder_path, FOLDER "/tap-%ld", (long)getpid());
	if (mkdir(folder_path, 0755) != 0 || chdir(folder_path) != 0)
		bail_out("%s: errno %d", folder_path, errno);
#endif
}

/* It must be empty by now. */
TAP_FN void folder_leave(void)
{
	if (folder_path[0] && (chdir("/") != 0 || rmdir(folder_path) != 0))
		bail_out("%s is not left empty: errno %d", folder_path, errno);
}
