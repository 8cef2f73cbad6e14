/*
 * Places in C structures that assembly knows; trap.c checks each against the structure.
 */
#pragma once

/* struct thread */
#define THREAD_CPU 0
#define THREAD_KSTACK 8
#define THREAD_TF 16
#define THREAD_CONTEXT 24
/* struct cpu */
#define CPU_ID 16
/* struct user_state */
#define FPU_FCSR 256
/* struct trapframe: x0's place holds the pc */
#define TF_X(n) ((n) * 8)
#define TF_PC 0
#define TF_ORIG_A0 256
#define TF_THREAD 264
#define TF_FULL 272
#define TF_CAUSE 280
#define TF_STATUS 288
#define TF_VALUE 296
#define TF_SIZE 304
/* how trap.c lays out its emergency stacks, one per CPU */
#define EMERGENCY_STACK_SHIFT 13
