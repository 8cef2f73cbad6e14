/* Short names of unsigned types, and a page-table entry. */
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;

typedef uint pde_t;
