/*
 * The table of users: a tree by number, under a lock of its own.
 */
#include "proc/user.h"
#include "lib/lock.h"
#include "vm/kmalloc.h"

static struct spinlock users_lock = SPINLOCK_INIT("users", RANK_USER);
static struct tree users;
static struct kmem_cache *user_cache;

void user_module_init(void)
{
	tree_init(&users, NULL);
	user_cache = kmem_cache_create("user", sizeof(struct user), 0);
}

/* The user, or NULL with the place where he belongs. users_lock held. */
static struct user *find(u32 uid, struct tree_node **parent, struct tree_node ***link)
{
	*parent = NULL;
	*link = &users.root;
	while (**link) {
		struct user *u = CONTAINER_OF(**link, struct user, node);

		if (u->uid == uid)
			return u;
		*parent = **link;
		*link = uid < u->uid ? &u->node.left : &u->node.right;
	}
	return NULL;
}

struct user *user_get(u32 uid)
{
	struct user *own = kmem_alloc(user_cache, ALLOC_WAIT | ALLOC_ZERO), *u;
	struct tree_node *parent, **link;
	ulong irq;

	if (!own)
		return NULL;
	irq = spin_lock_irq(&users_lock);
	u = find(uid, &parent, &link);
	if (!u) {
		u = own;
		own = NULL;
		u->uid = uid;
		tree_insert(&users, &u->node, parent, link);
	}
	__atomic_fetch_add(&u->ref, 1, __ATOMIC_RELAXED);
	spin_unlock_irq(&users_lock, irq);
	if (own)
		kmem_free(user_cache, own);
	return u;
}

struct user *user_hold(struct user *u)
{
	/* The caller's own reference keeps it in the table. */
	__atomic_fetch_add(&u->ref, 1, __ATOMIC_RELAXED);
	return u;
}

/* Give a reference back that is not the last. False if it is, or may be. */
static bool put_one_of_many(struct user *u)
{
	u32 ref = __atomic_load_n(&u->ref, __ATOMIC_RELAXED);

	while (ref > 1)
		if (__atomic_compare_exchange_n(&u->ref, &ref, ref - 1, false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

void user_put(struct user *u)
{
	ulong irq;
	bool last;

	if (put_one_of_many(u))
		return;
	irq = spin_lock_irq(&users_lock);
	last = __atomic_sub_fetch(&u->ref, 1, __ATOMIC_ACQ_REL) == 0;
	if (last)
		tree_remove(&users, &u->node);
	spin_unlock_irq(&users_lock, irq);
	if (last)
		kmem_free(user_cache, u);
}
