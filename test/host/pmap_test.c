/*
 * What every machine's page tables must do, through pmap.h alone and seen by the hardware's eyes
 * (here: the software walker).
 */
#include "unit.h"
#include "lib/errno.h"
#include "machine/pte.h"
#include "vm/inject.h"
#include "vm/kva.h"
#include "proc/thread.h"
#include "vm/pmap.h"

#define TABLE_SPAN (1ul << (PAGE_SHIFT + PT_BITS))
#define BASE (1ul << 30)
#define RW (PROT_READ | PROT_WRITE)

static struct pmap pm;
static struct page *frame[8];
static struct batch batch;
static ulong ptables_before;

static ulong ptables(void)
{
	struct page_stats s;

	page_get_stats(&s);
	return s.ptable;
}

static int begin(void **state UNUSED)
{
	ptables_before = ptables();
	assert_int_equal(pmap_create(&pm), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(frame); i++) {
		frame[i] = page_alloc(0, ALLOC_ZERO);
		page_set_kind(frame[i], PAGE_ANON);
	}
	batch_init(&batch);
	pmap_switch(&pm);
	return 0;
}

static int end(void **state UNUSED)
{
	batch_finish(&batch);
	pmap_switch(NULL);
	pmap_destroy(&pm);
	for (unsigned i = 0; i < ARRAY_SIZE(frame); i++)
		page_free(frame[i], 0);
	assert_int_equal(ptables(), ptables_before);
	return 0;
}

static void enter_page(ulong va, struct page *p, unsigned prot)
{
	pte_t *e = pmap_prepare(&pm, va);

	assert_non_null(e);
	pmap_enter(&pm, e, va, p, prot, &batch);
}

static void enter(ulong va, unsigned n, unsigned prot)
{
	enter_page(va, frame[n], prot);
	batch_finish(&batch);
}

/*
 * What is entered at va must be frame n (-1: nothing) with these rights, by the tables and by the
 * hardware.
 */
static void expect(ulong va, int n, unsigned prot)
{
	struct page *page;
	unsigned got;
	u8 byte = 0;

	assert_int_equal(pmap_lookup(&pm, va, &page, &got), n >= 0);
	if (n >= 0) {
		assert_ptr_equal(page, frame[n]);
		assert_int_equal(got, prot);
	}
	/* No fault is served: the access is what the tables alone say. */
	current_thread()->nofault = 1;
	assert_int_equal(host_load(va, &byte) == FAULT_OK, n >= 0 && prot & PROT_READ);
	assert_int_equal(host_fetch(va, &byte) == FAULT_OK, n >= 0 && prot & PROT_EXEC);
	*(u8 *)page_addr(frame[0]) = 0;
	assert_int_equal(host_store(va, 77) == FAULT_OK, n >= 0 && prot & PROT_WRITE);
	if (n >= 0 && prot & PROT_WRITE)
		assert_int_equal(*(u8 *)page_addr(frame[n]), 77);
	current_thread()->nofault = 0;
}

static void entries_have_their_rights(void **state UNUSED)
{
	static const unsigned prots[] = { PROT_READ, RW, PROT_READ | PROT_EXEC, PROT_ALL };

	expect(BASE, -1, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(prots); i++) {
		enter(BASE + i * PAGE_SIZE, i, prots[i]);
		expect(BASE + i * PAGE_SIZE, (int)i, prots[i]);
	}
	expect(BASE + ARRAY_SIZE(prots) * PAGE_SIZE, -1, 0);
	assert_int_equal(pm.resident, ARRAY_SIZE(prots));
}

static void entering_again_replaces(void **state UNUSED)
{
	enter(BASE, 0, RW);
	expect(BASE, 0, RW);
	enter(BASE, 1, PROT_READ);
	expect(BASE, 1, PROT_READ);
	enter(BASE, 1, RW); /* more rights: no flush elsewhere, but this CPU goes on */
	expect(BASE, 1, RW);
	assert_int_equal(pm.resident, 1);
}

static void ends_of_user_space(void **state UNUSED)
{
	enter(0, 0, RW);
	enter(USER_TOP - PAGE_SIZE, 1, PROT_READ);
	expect(0, 0, RW);
	expect(USER_TOP - PAGE_SIZE, 1, PROT_READ);
	pmap_remove(&pm, 0, USER_TOP, &batch);
	batch_finish(&batch);
	expect(0, -1, 0);
	expect(USER_TOP - PAGE_SIZE, -1, 0);
	assert_int_equal(pm.resident, 0);
}

static void removal_is_of_the_range_alone(void **state UNUSED)
{
	for (unsigned i = 0; i < 8; i++)
		enter(BASE + TABLE_SPAN + (i - 4ul) * PAGE_SIZE, i, RW);
	pmap_remove(
		&pm, BASE + TABLE_SPAN - 2 * PAGE_SIZE, BASE + TABLE_SPAN + 2 * PAGE_SIZE, &batch);
	batch_finish(&batch);
	for (unsigned i = 0; i < 8; i++)
		expect(BASE + TABLE_SPAN + (i - 4ul) * PAGE_SIZE, i >= 2 && i < 6 ? -1 : (int)i,
			RW);
	assert_int_equal(pm.resident, 4);
	assert_int_equal(pmap_count(&pm, BASE, BASE + TABLE_SPAN, NULL, NULL), 2);
}

static void protecting_only_takes_away(void **state UNUSED)
{
	enter(BASE, 0, PROT_ALL);
	enter(BASE + PAGE_SIZE, 1, PROT_READ);
	pmap_protect(&pm, BASE, BASE + 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, &batch);
	batch_finish(&batch);
	expect(BASE, 0, RW);
	expect(BASE + PAGE_SIZE, 1, PROT_READ);
	pmap_protect(&pm, BASE, BASE + PAGE_SIZE, PROT_NONE, &batch);
	batch_finish(&batch);
	expect(BASE, -1, 0);
	expect(BASE + PAGE_SIZE, 1, PROT_READ);
}

/*
 * Fork takes the right to write, by whatever means; the next prepare puts the table back without
 * it.
 */
static void fork_protects_few_and_many(void **state UNUSED)
{
	for (unsigned i = 0; i < 8; i++) {
		enter(BASE + i * 30 * PAGE_SIZE, i, i % 2 ? RW : PROT_READ | PROT_EXEC);
		expect(BASE + i * 30 * PAGE_SIZE, (int)i, i % 2 ? RW : PROT_READ | PROT_EXEC);
	}
	pmap_fork_protect(&pm, BASE, BASE + 2 * PAGE_SIZE, &batch);
	pmap_fork_protect(&pm, BASE + 30 * PAGE_SIZE, BASE + 31 * PAGE_SIZE, &batch);
	batch_finish(&batch);
	expect(BASE + 30 * PAGE_SIZE, 1, PROT_READ);
	expect(BASE + 90 * PAGE_SIZE, 3, RW);

	pmap_fork_protect(&pm, BASE, BASE + TABLE_SPAN, &batch);
	batch_finish(&batch);
	current_thread()->nofault = 1;
	assert_int_not_equal(host_store(BASE + 90 * PAGE_SIZE, 1), FAULT_OK);
	current_thread()->nofault = 0;
	assert_int_equal(pm.resident, 8);
	assert_non_null(pmap_prepare(&pm, BASE));
	for (unsigned i = 0; i < 8; i++)
		expect(BASE + i * 30 * PAGE_SIZE, (int)i,
			i % 2 ? PROT_READ : PROT_READ | PROT_EXEC);
}

/* While a table is parked its entries are still known, and go when they must. */
static void parked_tables_can_be_changed(void **state UNUSED)
{
	struct page *page;
	unsigned prot;

	for (unsigned i = 0; i < 4; i++)
		enter(BASE + i * PAGE_SIZE, i, RW);
	pmap_fork_protect(&pm, BASE, BASE + TABLE_SPAN, &batch);
	batch_finish(&batch);
	assert_true(pmap_lookup(&pm, BASE, &page, &prot));
	assert_int_equal(prot, PROT_READ);
	assert_true(pmap_unmap_page(&pm, BASE, frame[0]));
	assert_false(pmap_unmap_page(&pm, BASE + PAGE_SIZE, frame[0]));
	pmap_remove(&pm, BASE + PAGE_SIZE, BASE + 2 * PAGE_SIZE, &batch);
	batch_finish(&batch);
	assert_int_equal(pmap_count(&pm, BASE, BASE + TABLE_SPAN, NULL, NULL), 2);
	assert_non_null(pmap_prepare(&pm, BASE));
	expect(BASE, -1, 0);
	expect(BASE + PAGE_SIZE, -1, 0);
	expect(BASE + 2 * PAGE_SIZE, 2, PROT_READ);
}

static void single_pages_by_name(void **state UNUSED)
{
	enter(BASE, 0, RW);
	assert_false(pmap_clean_page(&pm, BASE, frame[1]));
	assert_true(pmap_clean_page(&pm, BASE, frame[0]));
	assert_false(pmap_clean_page(&pm, BASE, frame[0]));
	batch_add(&batch, &pm, BASE, BASE + PAGE_SIZE);
	batch_finish(&batch);
	expect(BASE, 0, PROT_READ);
	assert_false(pmap_unmap_page(&pm, BASE, frame[1]));
	assert_false(pmap_unmap_page(&pm, BASE + TABLE_SPAN, frame[0]));
	assert_true(pmap_unmap_page(&pm, BASE, frame[0]));
	batch_add(&batch, &pm, BASE, BASE + PAGE_SIZE);
	batch_finish(&batch);
	expect(BASE, -1, 0);
}

static void neighbours_are_entered_where_nothing_is(void **state UNUSED)
{
	struct page *pages[5] = { frame[1], frame[2], NULL, frame[3], frame[4] };

	enter(BASE + PAGE_SIZE, 0, RW);
	pmap_enter_absent(&pm, BASE, pages, 5, PROT_READ);
	expect(BASE, 1, PROT_READ);
	expect(BASE + PAGE_SIZE, 0, RW);
	expect(BASE + 2 * PAGE_SIZE, -1, 0);
	expect(BASE + 3 * PAGE_SIZE, 3, PROT_READ);
	expect(BASE + 4 * PAGE_SIZE, 4, PROT_READ);
	assert_int_equal(pm.resident, 4);
}

/* Another CPU must not see the old entry once the batch is done. */
static void other_cpus_are_flushed(void **state UNUSED)
{
	u8 byte;

	enter(BASE, 0, RW);
	for (unsigned c = 1; c < MAX_CPUS; c++) {
		host_cpu(c);
		pmap_switch(&pm);
		expect(BASE, 0, RW);
	}
	host_cpu(0);
	pmap_remove(&pm, BASE, BASE + PAGE_SIZE, &batch);
	host_cpu(3);
	current_thread()->nofault = 1;
	assert_int_equal(host_load(BASE, &byte), FAULT_OK); /* it may, until then */
	current_thread()->nofault = 0;
	host_cpu(0);
	batch_finish(&batch);
	for (unsigned c = 1; c < MAX_CPUS; c++) {
		host_cpu(c);
		expect(BASE, -1, 0);
		pmap_switch(NULL);
	}
	host_cpu(0);
}

/* A page that goes with its last entry is freed after the flush, not before. */
static void batches_free_pages_after_the_flush(void **state UNUSED)
{
	struct page *p = page_alloc(0, 0);

	page_set_kind(p, PAGE_ANON);
	enter_page(BASE, p, RW);
	pmap_remove(&pm, BASE, BASE + PAGE_SIZE, &batch);
	batch_put_page(&batch, p);
	assert_int_equal(p->kind, PAGE_ANON);
	batch_finish(&batch);
	assert_int_equal(p->kind, PAGE_FREE);
}

static void want_of_memory_leaves_no_table(void **state UNUSED)
{
	ulong before = ptables();

	for (ulong n = 1;; n++) {
		pte_t *e;

		alloc_fail(n, 0);
		e = pmap_prepare(&pm, 5 * BASE);
		alloc_fail(0, 0);
		if (e) {
			assert_in_range(n, 2, PT_LEVELS);
			break;
		}
		assert_in_range(ptables(), before, before + n - 1);
	}
	enter(5 * BASE, 0, RW);
	expect(5 * BASE, 0, RW);
}

static void empty_tables_are_trimmed(void **state UNUSED)
{
	ulong before = ptables();

	for (ulong i = 0; i < 100; i++) {
		enter(BASE + i * TABLE_SPAN, 0, RW);
		pmap_remove(&pm, BASE + i * TABLE_SPAN, BASE + (i + 1) * TABLE_SPAN, &batch);
		batch_finish(&batch);
	}
	assert_true(ptables() - before >= 100);
	pmap_trim(&pm, 0, USER_TOP, &batch);
	batch_finish(&batch);
	assert_true(ptables() - before <= 1);
}

static void stacks_have_guards_and_come_back(void **state UNUSED)
{
	ulong before = page_free_count();
	void *stack[40];

	for (unsigned i = 0; i < ARRAY_SIZE(stack); i++) {
		struct page *page;
		unsigned prot;

		stack[i] = kva_stack_alloc();
		assert_non_null(stack[i]);
		for (ulong at = 0; at < KSTACK_SIZE; at += PAGE_SIZE) {
			assert_true(pmap_lookup(&kernel_pmap, (ulong)stack[i] + at, &page, &prot));
			assert_int_equal(prot, RW);
			assert_false(kva_is_guard((ulong)stack[i] + at));
		}
		assert_false(pmap_lookup(&kernel_pmap, (ulong)stack[i] - 1, &page, &prot));
		assert_true(kva_is_guard((ulong)stack[i] - 1));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stack); i++)
		kva_stack_free(stack[i]);
	assert_ptr_equal(kva_stack_alloc(), stack[31]); /* one of those kept, mapped */
	kva_stack_free(stack[31]);
	kva_drain();
	/* Slabs that the slots' numbers were in may stay. */
	assert_in_range(page_free_count(), before - 8, before);
	for (ulong n = 1; n < 12; n++) {
		void *s;

		alloc_fail(n, 0);
		s = kva_stack_alloc();
		alloc_fail(0, 0);
		if (s)
			kva_stack_free(s);
		kva_drain();
	}
	assert_in_range(page_free_count(), before - 8, before);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(entries_have_their_rights),
		TEST(entering_again_replaces),
		TEST(ends_of_user_space),
		TEST(removal_is_of_the_range_alone),
		TEST(protecting_only_takes_away),
		TEST(fork_protects_few_and_many),
		TEST(parked_tables_can_be_changed),
		TEST(single_pages_by_name),
		TEST(neighbours_are_entered_where_nothing_is),
		TEST(other_cpus_are_flushed),
		TEST(batches_free_pages_after_the_flush),
		TEST(want_of_memory_leaves_no_table),
		TEST(empty_tables_are_trimmed),
		TEST(stacks_have_guards_and_come_back),
	};

	host_boot(64);
	/* The tables of the kernel's window are made once and stay. */
	kva_stack_free(kva_stack_alloc());
	kva_drain();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
