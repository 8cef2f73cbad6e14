/* Short names of unsigned types; the same widths on every machine. */
typedef unsigned int uint;
typedef unsigned short ushort;
typedef unsigned char uchar;

typedef unsigned char uint8;
typedef unsigned short uint16;
typedef unsigned int uint32;
#if __SIZEOF_LONG__ == 8
typedef unsigned long uint64;
#else
typedef unsigned long long uint64;
#endif

typedef uint64 pde_t;
