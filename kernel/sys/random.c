/*
 * The random generator: ChaCha20 (RFC 8439, section 2.3). Each block it makes is half the next key
 * and half output, and output is wiped as it is given out, so what was given out cannot be computed
 * from the state left behind ("fast key erasure"). Long requests get a key of their own to make a
 * stream.
 *
 * What the machine offers is stirred into the key by xor before a block is made: a seed from the
 * firmware, the real-time clock, the time counter at each block. Without a seed the bytes differ
 * from boot to boot only as far as the clocks do.
 */
#include "sys/random.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "proc/timer.h"

#define ROUNDS 20
#define KEY_BYTES 32u

static struct spinlock random_lock = SPINLOCK_INIT("random", RANK_NONE);
static u32 key[KEY_BYTES / 4]; /* random_lock */
static u64 blocks;	       /* random_lock; made so far: the nonce */
static u8 pool[KEY_BYTES];     /* random_lock; output, wiped where it was given out */
static u32 pool_left;	       /* random_lock; bytes at the pool's end that were not */

static inline u32 rotate(u32 x, unsigned n)
{
	return x << n | x >> (32 - n);
}

#define QUARTER(x, a, b, c, d)                                   \
	do {                                                     \
		x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16); \
		x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12); \
		x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);  \
		x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);  \
	} while (0)

/* One block: constants, key, counter and nonce through 20 rounds, added to what they were. */
static void chacha_block(u32 out[16], const u32 k[8], u64 counter, u64 nonce)
{
	static const u32 sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	u32 in[16], x[16];

	memcpy(in, sigma, sizeof(sigma));
	memcpy(in + 4, k, KEY_BYTES);
	in[12] = (u32)counter;
	in[13] = (u32)(counter >> 32);
	in[14] = (u32)nonce;
	in[15] = (u32)(nonce >> 32);
	memcpy(x, in, sizeof(x));
	for (unsigned round = 0; round < ROUNDS; round += 2) {
		QUARTER(x, 0, 4, 8, 12);
		QUARTER(x, 1, 5, 9, 13);
		QUARTER(x, 2, 6, 10, 14);
		QUARTER(x, 3, 7, 11, 15);
		QUARTER(x, 0, 5, 10, 15);
		QUARTER(x, 1, 6, 11, 12);
		QUARTER(x, 2, 7, 8, 13);
		QUARTER(x, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] = in[i] + x[i];
}

static void refill(void)
{
	u64 now = clock_now();
	u32 block[16];

	key[0] ^= (u32)now;
	key[1] ^= (u32)(now >> 32);
	chacha_block(block, key, 0, ++blocks);
	memcpy(key, block, KEY_BYTES);
	memcpy(pool, block + KEY_BYTES / 4, KEY_BYTES);
	pool_left = KEY_BYTES;
}

/* n bytes, at most KEY_BYTES. */
static void take(void *to, size_t n)
{
	ulong irq = spin_lock_irq(&random_lock);
	u8 *from;

	if (pool_left < n)
		refill();
	from = pool + KEY_BYTES - pool_left;
	memcpy(to, from, n);
	memset(from, 0, n);
	pool_left -= (u32)n;
	spin_unlock_irq(&random_lock, irq);
}

void random_bytes(void *buf, size_t n)
{
	u32 mine[KEY_BYTES / 4], block[16];
	u8 *to = buf;

	if (n <= KEY_BYTES) {
		take(to, n);
		return;
	}
	take(mine, sizeof(mine));
	for (u64 counter = 0; n; counter++) {
		size_t some = MIN(n, sizeof(block));

		chacha_block(block, mine, counter, 0);
		memcpy(to, block, some);
		to += some;
		n -= some;
	}
}

/* Each KEY_BYTES of data are worked into the key before the next. */
void random_stir(const void *data, size_t n)
{
	const u8 *from = data;
	ulong irq = spin_lock_irq(&random_lock);

	for (size_t at = 0; at < n; at++) {
		((u8 *)key)[at % KEY_BYTES] ^= from[at];
		if (at % KEY_BYTES == KEY_BYTES - 1 || at == n - 1)
			refill();
	}
	spin_unlock_irq(&random_lock, irq);
}

void random_init(void)
{
	u64 realtime = clock_realtime();
	u32 len = 0;
	const void *seed = machine_entropy(&len);

	if (seed)
		random_stir(seed, len);
	random_stir(&realtime, sizeof(realtime));
}
