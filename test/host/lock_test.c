/*
 * Locks: that they exclude, and that the debug build sees the wrong order.
 */
#include "unit.h"
#include "lib/lock.h"
#include "proc/sync.h"

static void right_order_passes(void **state UNUSED)
{
	struct spinlock low, high;
	struct mutex m;

	spin_init(&low, "low", RANK_TAB);
	spin_init(&high, "high", RANK_PMAP);
	mutex_init(&m, "mutex", RANK_OBJ);
	mutex_lock(&m);
	spin_lock(&low);
	spin_lock(&high);
	assert_true(spin_held(&low) && spin_held(&high));
	spin_unlock(&low); /* not in reverse order */
	assert_false(spin_held(&low));
	assert_true(spin_held(&high));
	spin_unlock(&high);
	mutex_unlock(&m);
}

static void wrong_order_is_seen(void **state UNUSED)
{
	struct spinlock low, high, peer;

	spin_init(&low, "low", RANK_TAB);
	spin_init(&high, "high", RANK_PMAP);
	spin_init(&peer, "peer", RANK_TAB);
	assert_true(host_panics(({
		spin_lock(&high);
		spin_lock(&low);
	}),
		"lock order: low"));
	high.locked = 0;
	assert_true(host_panics(({
		spin_lock(&low);
		spin_lock(&peer);
	}),
		"lock order: peer"));
	low.locked = 0;
	assert_true(host_panics(({
		spin_lock(&low);
		spin_lock(&low);
	}),
		"taken twice"));
	low.locked = 0;
	assert_true(host_panics(spin_unlock(&low), "does not hold"));
}

static void trying_needs_no_order(void **state UNUSED)
{
	struct spinlock low, high;

	spin_init(&low, "low", RANK_TAB);
	spin_init(&high, "high", RANK_PMAP);
	spin_lock(&high);
	assert_true(spin_trylock(&low));
	assert_false(spin_trylock(&high));
	spin_unlock(&low);
	spin_unlock(&high);
}

static void sleeping_locks_have_ranks(void **state UNUSED)
{
	struct mutex obj, inode, sibling;
	struct rwlock mm;
	struct spinlock tab;

	mutex_init(&obj, "object", RANK_OBJ);
	mutex_init(&inode, "inode", RANK_INODE);
	mutex_init(&sibling, "sibling", RANK_INODE);
	rwlock_init(&mm, "mm", RANK_MM);
	spin_init(&tab, "tab", RANK_TAB);

	mutex_lock(&inode);
	mutex_lock(&sibling); /* one rank: their order is the user's */
	rwlock_read(&mm);
	mutex_lock(&obj);
	mutex_unlock(&obj);
	rwlock_read_unlock(&mm);
	mutex_unlock(&inode);
	mutex_unlock(&sibling);

	assert_true(host_panics(({
		mutex_lock(&obj);
		rwlock_read(&mm);
	}),
		"lock order: mm"));
	mutex_init(&obj, "object", RANK_OBJ);
	assert_true(host_panics(({
		rwlock_write(&mm);
		mutex_lock(&inode);
	}),
		"lock order: inode"));
	rwlock_init(&mm, "mm", RANK_MM);
	assert_true(host_panics(({
		spin_lock(&tab);
		mutex_lock(&obj);
	}),
		"sleep at"));
}

/* --- exclusion, with threads that run in parallel --- */

static struct spinlock spin;
static struct mutex mutex;
static struct rwlock rwlock;
static struct waitq turn_queue;
static ulong counter;
static s32 writers, readers;
static u32 turn;

enum { ROUNDS = 3000, THREADS = 4 };

static void count_spinning(void *arg UNUSED)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		ulong irq = spin_lock_irq(&spin);

		counter++;
		spin_unlock_irq(&spin, irq);
	}
}

static void count_sleeping(void *arg UNUSED)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		assert_true(mutex_held(&mutex));
		counter++;
		mutex_unlock(&mutex);
	}
}

static void read_and_write(void *arg)
{
	bool writer = (ulong)arg & 1;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (writer) {
			rwlock_write(&rwlock);
			assert_int_equal(__atomic_add_fetch(&writers, 1, __ATOMIC_SEQ_CST), 1);
			assert_int_equal(__atomic_load_n(&readers, __ATOMIC_SEQ_CST), 0);
			counter++;
			__atomic_sub_fetch(&writers, 1, __ATOMIC_SEQ_CST);
			rwlock_write_unlock(&rwlock);
		} else {
			rwlock_read(&rwlock);
			__atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
			assert_int_equal(__atomic_load_n(&writers, __ATOMIC_SEQ_CST), 0);
			__atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
			rwlock_read_unlock(&rwlock);
		}
	}
}

static void wait_for_turn(void *arg)
{
	u32 me = (u32)(ulong)arg;

	for (unsigned i = 0; i < 300; i++) {
		WAIT_EVENT(&turn_queue, __atomic_load_n(&turn, __ATOMIC_ACQUIRE) % THREADS == me,
			WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
		waitq_wake_all(&turn_queue);
	}
}

static void in_parallel(void (*fn)(void *))
{
	counter = 0;
	for (ulong i = 0; i < THREADS; i++)
		host_start(fn, (void *)i);
	host_join();
}

static void spin_locks_exclude(void **state UNUSED)
{
	spin_init(&spin, "spin", RANK_DEV);
	in_parallel(count_spinning);
	assert_int_equal(counter, ROUNDS * THREADS);
}

static void mutexes_exclude(void **state UNUSED)
{
	mutex_init(&mutex, "mutex", RANK_OBJ);
	in_parallel(count_sleeping);
	assert_int_equal(counter, ROUNDS * THREADS);
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

static void writers_exclude_all(void **state UNUSED)
{
	rwlock_init(&rwlock, "rwlock", RANK_MM);
	in_parallel(read_and_write);
	assert_int_equal(counter, ROUNDS * THREADS / 2);
	rwlock_write(&rwlock);
	assert_true(rwlock_write_held(&rwlock));
	rwlock_write_unlock(&rwlock);
}

static void no_wake_is_lost(void **state UNUSED)
{
	waitq_init(&turn_queue);
	turn = 0;
	in_parallel(wait_for_turn);
	assert_int_equal(turn, 300 * THREADS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_order_passes),
		cmocka_unit_test(wrong_order_is_seen),
		cmocka_unit_test(trying_needs_no_order),
		cmocka_unit_test(sleeping_locks_have_ranks),
		cmocka_unit_test(spin_locks_exclude),
		cmocka_unit_test(mutexes_exclude),
		cmocka_unit_test(writers_exclude_all),
		cmocka_unit_test(no_wake_is_lost),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
