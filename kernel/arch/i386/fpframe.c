/*
 * Floating-point registers in signal frames.
 *
 * The frame is struct _fpstate_32 of Linux's user API (arch/x86 asm/sigcontext.h): the image of
 * FSAVE, which is what counts for the x87 registers; then the image of FXSAVE, of which MXCSR and
 * the SSE registers count. Where the CPU has XSAVE, words that FXSAVE leaves to software say that
 * the rest of XSAVE's image and a closing word follow (struct _fpx_sw_bytes there).
 *
 * A frame can hold anything. What makes the CPU refuse an image is put right: reserved bits of
 * MXCSR, and XSAVE's header (Intel SDM volume 1, "XSAVE Header", "Guidelines for Writing to the
 * MXCSR Register").
 */
#include "fpframe.h"

#include "arch.h"
#include "arch/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/uaccess.h"

#define CW_INITIAL 0x37f
#define MXCSR_INITIAL 0x1f80
#define MXCSR_MASK_DEFAULT 0xffbfu /* what a zero mask means */
#define TAGS_EMPTY 0xffffu
#define XSTATE_FP_SSE 3u
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u

/* Intel SDM volume 1, "Legacy Region of an XSAVE Area". */
struct fxsave {
	u16 cw, sw;
	u8 tags, reserved; /* a bit for each physical register that is in use */
	u16 opcode;
	u32 ip, cs, data, ds;
	u32 mxcsr, mxcsr_mask;
	u8 st[8][16];
	u8 xmm[8][16];
	u8 room[176];
	u32 magic1, extended_size;
	u64 xfeatures;
	u32 xstate_size, room2[7];
};
_Static_assert(sizeof(struct fxsave) == FP_LEGACY_SIZE, "image of FXSAVE");

/* What XSAVE has more. */
struct xsave_rest {
	u64 xfeatures, reserved[7];
	u8 ymm_high[256];
};
_Static_assert(sizeof(struct xsave_rest) == FP_AREA_SIZE - FP_LEGACY_SIZE, "image of XSAVE");

/* SDM volume 1, "Protected Mode x87 FPU State Image in Memory, 32-Bit Format". */
struct fsave {
	u32 cw, sw, tag, ip, cs_opcode, data, ds;
	u8 st[8][10];
	u16 status, magic; /* magic 0: the image of FXSAVE follows */
};

struct fpframe {
	struct fsave legacy;
	struct fxsave fx;
	struct xsave_rest rest;
	u32 magic2;
};
_Static_assert(offsetof(struct fpframe, rest) == 624, "struct _fpstate_32 has 624 bytes");

static size_t frame_size(void)
{
	return cpu_xstate ? sizeof(struct fpframe) : offsetof(struct fpframe, rest);
}

/* --- FSAVE's form --- */

enum tag { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };

/*
 * What a register holds: a sign and 15 bits of exponent above 64 bits with an explicit leading 1.
 */
static enum tag tag_of(const u8 st[16])
{
	u64 fraction;
	u16 exponent;

	memcpy(&fraction, st, sizeof(fraction));
	memcpy(&exponent, st + sizeof(fraction), sizeof(exponent));
	exponent &= 0x7fff;
	if (exponent == 0)
		return fraction ? TAG_SPECIAL : TAG_ZERO;
	return exponent != 0x7fff && fraction >> 63 ? TAG_VALID : TAG_SPECIAL;
}

/* Tags go by physical registers, images by places on the stack of registers. */
static u32 full_tags(const struct fxsave *fx)
{
	unsigned top = fx->sw >> 11 & 7;
	u32 tags = 0;

	for (unsigned r = 0; r < 8; r++) {
		enum tag tag = fx->tags & 1u << r ? tag_of(fx->st[(r - top) & 7]) : TAG_EMPTY;

		tags |= (u32)tag << 2 * r;
	}
	return tags;
}

static u8 short_tags(u32 tags)
{
	u8 used = 0;

	for (unsigned r = 0; r < 8; r++)
		if ((tags >> 2 * r & 3) != TAG_EMPTY)
			used |= (u8)(1u << r);
	return used;
}

/* FSAVE stores ones where a word has no meaning. */
static void to_legacy(struct fsave *f, const struct fxsave *fx)
{
	*f = (struct fsave){
		.cw = 0xffff0000u | fx->cw,
		.sw = 0xffff0000u | fx->sw,
		.tag = 0xffff0000u | full_tags(fx),
		.ip = fx->ip,
		.cs_opcode = (fx->cs & 0xffff) | (u32)fx->opcode << 16,
		.data = fx->data,
		.ds = 0xffff0000u | fx->ds,
		.status = fx->sw,
	};
	for (unsigned i = 0; i < 8; i++)
		memcpy(f->st[i], fx->st[i], sizeof(f->st[i]));
}

static void from_legacy(struct fxsave *fx, const struct fsave *f)
{
	fx->cw = (u16)f->cw;
	fx->sw = (u16)f->sw;
	fx->tags = short_tags(f->tag);
	fx->opcode = (u16)(f->cs_opcode >> 16);
	fx->ip = f->ip;
	fx->cs = f->cs_opcode & 0xffff;
	fx->data = f->data;
	fx->ds = f->ds & 0xffff;
	for (unsigned i = 0; i < 8; i++) {
		memset(fx->st[i], 0, sizeof(fx->st[i]));
		memcpy(fx->st[i], f->st[i], sizeof(f->st[i]));
	}
}

/* --- into a frame --- */

static void fill_frame(struct fpframe *f, const struct thread *t)
{
	memset(f, 0, sizeof(*f));
	if (t->user.used) {
		memcpy(&f->fx, t->user.fp, FP_AREA_SIZE);
	} else {
		f->fx.cw = CW_INITIAL;
		f->fx.mxcsr = MXCSR_INITIAL;
	}
	to_legacy(&f->legacy, &f->fx);
	/* The x87 and SSE registers are there, also if XSAVE found them to be initial. */
	f->rest.xfeatures |= XSTATE_FP_SSE;
	f->fx.magic1 = cpu_xstate ? XSTATE_MAGIC1 : 0;
	f->fx.extended_size = frame_size();
	f->fx.xfeatures = cpu_xstate;
	f->fx.xstate_size = cpu_xstate ? FP_AREA_SIZE : 0;
	f->magic2 = XSTATE_MAGIC2;
}

/* The image of FXSAVE is aligned as XSAVE wants it: programs may use it as it stands. */
int fpframe_push(struct thread *t, ulong sp, ulong *at)
{
	size_t size = frame_size(), head = offsetof(struct fpframe, fx);
	ulong flags = intr_save();
	struct fpframe f;

	user_state_save(t);
	intr_restore(flags);
	if (sp < size + 64)
		return -EFAULT;
	*at = ALIGN_DOWN(sp - (size - head), 64) - head;
	if (signal_overruns(t, sp, *at))
		return -EFAULT;
	fill_frame(&f, t);
	return copyout(*at, &f, size);
}

void fpframe_reset(struct thread *t)
{
	ulong flags = intr_save();

	t->user.used = 0;
	user_state_save(t);
	user_state_load(t);
	intr_restore(flags);
}

/* --- out of a frame --- */

/* A frame without XSAVE's rest says that those registers are initial. */
static int read_frame(struct fpframe *f, ulong at)
{
	size_t head = offsetof(struct fpframe, rest);
	bool whole;

	if (copyin(f, at, head))
		return -EFAULT;
	whole = cpu_xstate && f->fx.magic1 == XSTATE_MAGIC1 && f->fx.extended_size == sizeof(*f) &&
		f->fx.xstate_size == FP_AREA_SIZE;
	if (whole && copyin(&f->rest, at + head, sizeof(*f) - head))
		return -EFAULT;
	if (!whole || f->magic2 != XSTATE_MAGIC2)
		memset(&f->rest, 0, sizeof(f->rest));
	f->rest.xfeatures &= cpu_xstate & f->fx.xfeatures;
	f->rest.xfeatures |= cpu_xstate & XSTATE_FP_SSE;
	memset(f->rest.reserved, 0, sizeof(f->rest.reserved));
	return 0;
}

/* Is it what a thread that never used the unit has? */
static bool is_initial(const struct fpframe *f)
{
	static const u8 zero[sizeof(f->fx.xmm)];

	return (u16)f->legacy.cw == CW_INITIAL && (u16)f->legacy.sw == 0 &&
		(u16)f->legacy.tag == TAGS_EMPTY && f->fx.mxcsr == MXCSR_INITIAL &&
		!memcmp(f->fx.xmm, zero, sizeof(zero)) &&
		!(f->rest.xfeatures & ~(u64)XSTATE_FP_SSE);
}

int fpframe_pop(struct thread *t, ulong at)
{
	struct fxsave *now = (struct fxsave *)t->user.fp;
	struct fpframe f;
	ulong flags;
	u32 mask;

	if (read_frame(&f, at))
		return -EFAULT;
	if (!t->user.used && is_initial(&f))
		return 0;
	flags = intr_save();
	user_state_use_fp(t);
	user_state_save(t);
	/* The CPU says which bits of MXCSR it has. */
	mask = now->mxcsr_mask ? now->mxcsr_mask : MXCSR_MASK_DEFAULT;
	from_legacy(&f.fx, &f.legacy);
	f.fx.mxcsr &= mask;
	f.fx.mxcsr_mask = mask;
	memcpy(t->user.fp, &f.fx, FP_AREA_SIZE);
	user_state_load(t);
	intr_restore(flags);
	return 0;
}
