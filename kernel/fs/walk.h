/*
 * Path walking, for the calls that take paths. A walk goes through a path component by component
 * and stops before the last one, so that each call can do with that what it needs; symbolic links
 * on the way, and at the end if the caller says so, are followed.
 */
#pragma once

#include "fs/dentry.h"

enum walk_last {
	LAST_NAME,   /* an ordinary name */
	LAST_ROOT,   /* the path is nothing but slashes */
	LAST_DOT,    /* "." */
	LAST_DOTDOT, /* ".." */
};

struct walk {
	struct dentry *at;   /* the directory reached; referenced */
	const char *rest;    /* not yet walked */
	char *buf;	     /* owns what rest and name point into once a link was followed */
	struct name name;    /* the last component, if it is a LAST_NAME */
	enum walk_last last;
	bool slash;	     /* slashes follow the last component */
	unsigned links;	     /* followed so far */
};

/*
 * Start at the root, at descriptor dirfd or in the current directory. -ENOENT for an empty path,
 * -EBADF, -ENOTDIR. On success end with walk_end.
 */
int walk_begin(struct walk *w, int dirfd, const char *path);
void walk_end(struct walk *w);
/* Go on until one component is left. */
int walk_to_last(struct walk *w);
/*
 * Go through the symbolic link d, found in w->at, and then through `after`; stops as walk_begin
 * does: walk_to_last comes next. *jumped is the place it leads to for a link of /proc that is no
 * text (referenced), else NULL.
 */
int walk_follow(struct walk *w, struct dentry *d, const char *after, struct dentry **jumped);
/*
 * The dentry of the last component, positive, mounts crossed, referenced; follows links if asked or
 * if slashes stand behind.
 */
int walk_last(struct walk *w, bool follow, struct dentry **out);

/*
 * All of it: the dentry a path leads to, referenced. at_flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
 * path NULL: dirfd itself.
 */
int path_lookup(int dirfd, const char *path, u32 at_flags, struct dentry **out);

/* Bits the current process does not want in the mode of what it makes. */
u32 current_umask(void);
