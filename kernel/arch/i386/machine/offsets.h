/*
 * Places in C structures that assembly knows; trap.c and cpu.c check each against the structure.
 */
#pragma once

/* struct thread */
#define THREAD_KSTACK 4
#define THREAD_CONTEXT 12
/* struct percpu */
#define PERCPU_THREAD 0
#define PERCPU_CPU 4
#define PERCPU_ID 8
#define PERCPU_REQUEST 12
#define PERCPU_ESP0 20
/* struct trapframe */
#define TF_CS 52
#define TF_EFLAGS 56
#define TF_ESP 60
#define TF_SIZE 68
