/*
 * The figures in /proc: smaps, smaps_rollup, pagemap, status, statm, meminfo.
 */
#include "procmem.h"

static void test_smaps_anonymous(void)
{
	unsigned char *p = hole(4);

	want_eq(map(p, 4 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)p);
	want_eq(smaps_kb(p, "Size"), 16);
	want_eq(smaps_kb(p, "KernelPageSize"), 4);
	want_eq(smaps_kb(p, "MMUPageSize"), 4);
	want_eq(smaps_kb(p, "Rss"), 0);
	want_eq(smaps_kb(p, "Pss"), 0);
	verdict("PROCMAPS-6 memory that nobody touched is in no figure but Size");
	want(((volatile unsigned char *)p)[2 * PS] == 0);
	want_eq(smaps_kb(p, "Rss"), 0);
	want_eq(smaps_kb(p, "Anonymous"), 0);
	verdict("PROCMAPS-6 nor is memory that was only read: the page of zeros is nobody's");
	p[PS] = 1;
	want_eq(smaps_kb(p, "Rss"), 4);
	want_eq(smaps_kb(p, "Pss"), 4);
	want_eq(smaps_kb(p, "Private_Dirty"), 4);
	want_eq(smaps_kb(p, "Private_Clean"), 0);
	want_eq(smaps_kb(p, "Shared_Clean"), 0);
	want_eq(smaps_kb(p, "Shared_Dirty"), 0);
	want_eq(smaps_kb(p, "Anonymous"), 4);
	want_eq(smaps_kb(p, "Referenced"), 4);
	want_eq(smaps_kb(p, "Locked"), 0);
	want_eq(smaps_kb(p, "Swap"), 0);
	verdict("PROCMAPS-6 one store: Rss, Pss, Private_Dirty and Anonymous are one page");
	unmap(p, 4 * PS);
}

static void in_child(void *p)
{
	want_eq(smaps_kb(p, "Rss"), 4);
	want_eq(smaps_kb(p, "Shared_Dirty"), 4);
	want_eq(smaps_kb(p, "Private_Dirty"), 0);
	want_eq(smaps_kb(p, "Pss"), 2);
	want_eq(smaps_kb(p, "Anonymous"), 4);
	*(volatile unsigned char *)p = 2;
	want_eq(smaps_kb(p, "Rss"), 4);
	want_eq(smaps_kb(p, "Shared_Dirty"), 0);
	want_eq(smaps_kb(p, "Private_Dirty"), 4);
	want_eq(smaps_kb(p, "Pss"), 4);
}

static void test_smaps_fork(void)
{
	unsigned char *p = hole(4);

	want_eq(map(p, 4 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)p);
	p[0] = 1;
	want_child(in_child, p);
	want_eq(smaps_kb(p, "Pss"), 4);
	want_eq(smaps_kb(p, "Private_Dirty"), 4);
	verdict("PROCMAPS-6 in a child: Shared_Dirty and half a Pss; its own store makes it "
		"private");
	unmap(p, 4 * PS);
}

static void test_smaps_none(void)
{
	unsigned char *p = hole(4);

	want_eq(map(p, 4 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)p);
	fill(p, 2 * PS, 1);
	protect(p, 4 * PS, PROT_NONE);
	want_eq(smaps_kb(p, "Rss"), 8);
	want_eq(smaps_kb(p, "Private_Dirty"), 8);
	verdict("PROCMAPS-6 pages that may not be touched any more are in memory all the same");
	unmap(p, 4 * PS);
}

static void shares_the_page(void *p)
{
	want(((volatile unsigned char *)p)[0] == 7);
	want_eq(smaps_kb(p, "Rss"), 4);
	want_eq(smaps_kb(p, "Pss"), 2);
	want_eq(smaps_kb(p, "Shared_Dirty"), 4);
	want_eq(smaps_kb(p, "Private_Dirty"), 0);
}

static void test_smaps_shared(void)
{
	unsigned char *p = hole(4);

	want_eq(map(p, 4 * PS, RW, SHANON | MAP_FIXED, -1, 0), (long)p);
	want_eq(smaps_kb(p, "Rss"), 0);
	p[0] = 7;
	want_eq(smaps_kb(p, "Rss"), 4);
	want_eq(smaps_kb(p, "Pss"), 4);
	want_eq(smaps_kb(p, "Private_Dirty"), 4);
	want_eq(smaps_kb(p, "Anonymous"), 0);
	want_child(shares_the_page, p);
	verdict("PROCMAPS-6 shared memory is private while one process shows it, shared with two");
	unmap(p, 4 * PS);
}

static void test_smaps_file(void)
{
	int fd = temp_file(8 * PS, 1);
	unsigned char *p = hole(8);

	want_eq(map(p, 8 * PS, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), (long)p);
	want(p[2 * PS] == pattern(2 * PS, 1));
	want(smaps_kb(p, "Rss") >= 4 && smaps_kb(p, "Rss") <= 32);
	want_eq(smaps_kb(p, "Anonymous"), 0);
	want_eq(smaps_kb(p, "Rss"), smaps_kb(p, "Private_Clean") + smaps_kb(p, "Private_Dirty"));
	p[3 * PS] = 0;
	want_eq(smaps_kb(p, "Anonymous"), 4);
	want(smaps_kb(p, "Private_Dirty") >= 4);
	verdict("PROCMAPS-7 a file: Rss has the touched pages, a private store counts as "
		"Anonymous");
	unmap(p, 8 * PS);
	close(fd);
}

static void test_smaps_locked(void)
{
	unsigned char *p = hole(8);

	want_eq(map(p, 8 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)p);
	want_eq(sys(SYS_mlock, p, 8 * PS), 0);
	want_eq(smaps_kb(p, "Locked"), 32);
	want_eq(smaps_kb(p, "Rss"), 32);
	sys(SYS_munlock, p, 8 * PS);
	want_eq(smaps_kb(p, "Locked"), 0);
	unmap(p, 8 * PS);
	verdict("PROCMAPS-7 Locked is the locked part");
}

/* VmFlags of the mapping at addr contains these letters. */
static bool has_flag(const volatile void *addr, const char *letters)
{
	static char text[1 << 19];
	char head[32], *s, *line;

	if (slurp("/proc/self/smaps", text, sizeof text) < 0)
		return false;
	snprintf(head, sizeof head, "%08lx-", (unsigned long)addr);
	s = strstr(text, head);
	line = s ? strstr(s, "VmFlags: ") : NULL;
	if (!line)
		return false;
	line[strcspn(line, "\n")] = 0;
	return strstr(line + 8, letters) != NULL;
}

static void test_flags(void)
{
	unsigned char *p = hole(1), *q = hole(1);

	want_eq(map(p, PS, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0), (long)p);
	want_eq(map(q, PS, PROT_READ, SHANON | MAP_FIXED | MAP_LOCKED, -1, 0), (long)q);
	want(has_flag(p, " rd ") && has_flag(p, " wr ") && !has_flag(p, " ex "));
	want(has_flag(p, " mr ") && has_flag(p, " mw ") && has_flag(p, " me "));
	want(has_flag(p, " nr ") && !has_flag(p, " sh ") && !has_flag(p, " lo "));
	want(has_flag(q, " rd ") && !has_flag(q, " wr ") && has_flag(q, " sh "));
	want(has_flag(q, " lo ") && !has_flag(q, " nr "));
	unmap(p, PS);
	unmap(q, PS);
	verdict("PROCMAPS-6 VmFlags tells rights, sharing, locks and MAP_NORESERVE");
}

static long rollup(const char *name)
{
	return proc_value("/proc/self/smaps_rollup", name);
}

static void test_rollup(void)
{
	unsigned char *p = must_map(256 * PS, RW, ANON, -1, 0);
	long rss = rollup("Rss"), pss = rollup("Pss"), anon = rollup("Pss_Anon");
	char text[256];

	want(slurp("/proc/self/smaps_rollup", text, sizeof text) > 0);
	text[strcspn(text, "\n")] = 0;
	want(strstr(text, " ---p 00000000 00:00 0 ") && strstr(text, " [rollup]"));
	want(rss > 0 && pss > 0 && pss <= rss + 256);
	want(anon > 0 && anon <= pss + 256);
	fill(p, 256 * PS, 1);
	want(rollup("Rss") >= rss + 1024 && rollup("Rss") <= rss + 1024 + 64);
	want(rollup("Pss") >= pss + 1024 && rollup("Pss_Anon") >= anon + 1024);
	want(labs(rollup("Rss") - rss_kb()) <= 256);
	unmap(p, 256 * PS);
	verdict("PROCMAPS-6 smaps_rollup sums up all mappings");
}

static void view_in_child(void *arg)
{
	unsigned char **pp = arg;

	want_eq(pagemap_word(pp[0]) & (PM_PRESENT | PM_OBJECT), PM_PRESENT);
	want((pagemap_word(pp[0]) & PM_ALONE) == 0);
	pp[0][0] = 3;
	want_eq(pagemap_word(pp[0]) & (PM_PRESENT | PM_OBJECT), PM_PRESENT);
}

static void test_pagemap(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0), *s, *f;
	int fd = temp_file(2 * PS, 1), pm;
	uint64_t words[8], all = PM_PRESENT | PM_OBJECT;

	s = must_map(2 * PS, RW, SHANON, -1, 0);
	f = must_map(2 * PS, PROT_READ, MAP_PRIVATE, fd, 0);
	want_eq(pages_present(p, 4), 0);
	p[PS] = 1;
	want(p[2 * PS] == 0);
	want_eq(pagemap_word(p + PS) & all, PM_PRESENT);
	want_eq(pagemap_word(p + 2 * PS) & all, PM_PRESENT);
	want_eq(pages_present(p, 4), 2);
	want_eq(pagemap_word(s) & all, 0);
	s[0] = 1;
	want_eq(pagemap_word(s) & all, all);
	want(f[0] == pattern(0, 1));
	want_eq(pagemap_word(f) & all, all);
	want_eq(pagemap_word(hole(1)), 0);
	p[0] = 1;
	want(pagemap_word(p) & PM_ALONE);
	want_child(view_in_child, &p);
	verdict("pagemap: bit 63 for pages in memory, 61 for pages of files and shared memory");
	pm = open("/proc/self/pagemap", O_RDONLY);
	want(pread(pm, words, sizeof words, (off_t)((unsigned long)p / PS * 8)) == sizeof words);
	want((words[0] & PM_PRESENT) && (words[1] & PM_PRESENT) && !(words[3] & PM_PRESENT));
	want(pread(pm, words, 4, 0) < 0 && errno == EINVAL);
	want(pread(pm, words, 8, 4) < 0 && errno == EINVAL);
	want_eq(pread(pm, words, 0, 0), 0);
	want_eq(pread(pm, words, 8, (off_t)1 << 60), 0);
	want(pread(pm, (void *)hole(1), 8, 0) < 0 && errno == EFAULT);
	close(pm);
	close(fd);
	unmap(p, 4 * PS);
	unmap(s, 2 * PS);
	unmap(f, 2 * PS);
	verdict("pagemap: words are read whole, at multiples of 8");
}

static long status_kb(const char *name)
{
	return proc_value("/proc/self/status", name);
}

/* Number i of /proc/self/statm, in kB. */
static long statm_kb(int i)
{
	char text[128], *s = text;
	long n = -1;

	if (slurp("/proc/self/statm", text, sizeof text) < 0)
		return -1;
	for (; i >= 0; i--)
		n = strtol(s, &s, 10);
	return n * (long)(PS / 1024);
}

static void test_status(void)
{
	long size, rss, anon, data, shmem, peak;
	unsigned char *p, *s;

	want(status_kb("VmPeak") >= status_kb("VmSize"));
	want(status_kb("VmHWM") >= status_kb("VmRSS"));
	size = status_kb("VmSize");
	data = status_kb("VmData");
	rss = status_kb("VmRSS");
	anon = status_kb("RssAnon");
	p = must_map(1024 * PS, RW, ANON, -1, 0);
	want_eq(status_kb("VmSize"), size + 4096);
	want_eq(status_kb("VmData"), data + 4096);
	want_eq(statm_kb(0), size + 4096);
	want(status_kb("VmRSS") <= rss + 128);
	fill(p, 512 * PS, 1);
	want(status_kb("VmRSS") >= rss + 2048 && status_kb("VmRSS") <= rss + 2048 + 128);
	want(status_kb("RssAnon") >= anon + 2048 && status_kb("RssAnon") <= anon + 2048 + 64);
	want(labs(statm_kb(1) - status_kb("VmRSS")) <= 256);
	protect(p, 1024 * PS, PROT_READ);
	want_eq(status_kb("VmData"), data);
	unmap(p, 1024 * PS);
	want_eq(status_kb("VmSize"), size);
	want(status_kb("VmRSS") <= rss + 128);
	peak = status_kb("VmHWM");
	want(peak >= rss + 2048 - 256);
	want(status_kb("VmPeak") >= size + 4096);
	verdict("PROCMAPS-8 VmSize rises by the mapped and VmRSS by the touched kB, and both fall "
		"again");
	shmem = status_kb("RssShmem");
	s = must_map(64 * PS, RW, SHANON, -1, 0);
	fill(s, 64 * PS, 1);
	want_eq(status_kb("RssShmem"), shmem + 256);
	want_eq(status_kb("VmRSS"),
		status_kb("RssAnon") + status_kb("RssFile") + status_kb("RssShmem"));
	unmap(s, 64 * PS);
	verdict("PROCMAPS-8 VmRSS is what is anonymous, of files and shared");
	want(statm_kb(6) == 0 && statm_kb(4) == 0 && statm_kb(2) >= 0 && statm_kb(3) > 0);
	verdict("PROCMAPS-8 statm has seven numbers, in pages");
}

static long meminfo_kb(const char *name)
{
	return proc_value("/proc/meminfo", name);
}

static void test_meminfo(void)
{
	static const char *const first[] = {
		"MemTotal:", "MemFree:", "MemAvailable:", "Buffers:", "Cached:"};
	static const char *const others[] = {"Unevictable", "Mlocked", "SwapTotal", "SwapFree",
		"Dirty", "AnonPages", "Shmem", "Slab", "PageTables", "CommitLimit", "Committed_AS"};
	static char text[8192];
	char *s = text;

	want(slurp("/proc/meminfo", text, sizeof text) > 0);
	for (size_t i = 0; i < 5; i++) {
		size_t n = strlen(first[i]);
		char *end = strchr(s, '\n');

		want(strncmp(s, first[i], n) == 0);
		want(end - s >= 27 && strncmp(end - 3, " kB", 3) == 0 && end[-4] >= '0');
		s = end + 1;
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		want(meminfo_kb(others[i]) >= 0);
	want(meminfo_kb("MemFree") <= meminfo_kb("MemTotal"));
	verdict("PROCMAPS-9 meminfo begins as it should, and the kernel's other figures are there");
	if (small_machine()) {
		long shmem = meminfo_kb("Shmem"), promised = meminfo_kb("Committed_AS");
		long locked = meminfo_kb("Mlocked");
		unsigned char *p = must_map(1024 * PS, RW, SHANON, -1, 0);
		unsigned char *q = must_map(1024 * PS, RW, ANON, -1, 0);

		want_eq(meminfo_kb("Committed_AS"), promised + 8192);
		want_eq(meminfo_kb("Shmem"), shmem);
		fill(p, 1024 * PS, 1);
		want_eq(meminfo_kb("Shmem"), shmem + 4096);
		want_eq(sys(SYS_mlock, q, 256 * PS), 0);
		want_eq(meminfo_kb("Mlocked"), locked + 1024);
		unmap(p, 1024 * PS);
		unmap(q, 1024 * PS);
		want_eq(meminfo_kb("Shmem"), shmem);
		want_eq(meminfo_kb("Mlocked"), locked);
		want_eq(meminfo_kb("Committed_AS"), promised);
	}
	verdict("PROCMAPS-9 Shmem, Mlocked and Committed_AS follow what is mapped");
}

static void test_ended(void)
{
	char path[64], buf[64];
	int fd, smaps, pm;
	pid_t pid = tap_fork();

	if (pid == 0)
		pause();
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY);
	want(read(fd, buf, sizeof buf) > 0);
	snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
	smaps = open(path, O_RDONLY);
	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	pm = open(path, O_RDONLY);
	want_eq(pread(pm, buf, 8, 0), 8);
	kill(pid, SIGKILL);
	want_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	close(fd);
	fd = open(path, O_RDONLY);
	want(fd >= 0);
	want_eq(read(fd, buf, sizeof buf), 0);
	want_eq(read(smaps, buf, sizeof buf), 0);
	want_eq(pread(pm, buf, 8, 0), 0);
	verdict("PROCMAPS-12 maps and smaps of a zombie are empty");
	wait_for(pid);
	want(read(fd, buf, sizeof buf) < 0 && errno == ESRCH);
	want(open(path, O_RDONLY) < 0 && errno == ENOENT);
	close(fd);
	close(smaps);
	close(pm);
	verdict("PROCMAPS-12 of a process that is gone: ESRCH on an open file, else ENOENT");
}

int main(void)
{
	test_smaps_anonymous();
	test_smaps_fork();
	test_smaps_none();
	test_smaps_shared();
	test_smaps_file();
	test_smaps_locked();
	test_flags();
	test_rollup();
	test_pagemap();
	test_status();
	test_meminfo();
	test_ended();
	return done();
}
