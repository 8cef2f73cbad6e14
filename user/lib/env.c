/*
 * The environment. At the start environ is the kernel's array on the stack; the first variable
 * added moves it to the heap. Strings that setenv made are on the list `owned`, so that they, and
 * no others, are freed when they are replaced.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* environ when it is ours: capacity counts the slots, the terminating NULL included. */
static char **heap_env;
static size_t heap_capacity;

/* A string made by setenv. */
struct env_string {
	struct env_string *next, *prev;
	char text[];
};

static struct env_string *owned;

static size_t env_count(void)
{
	size_t n = 0;

	while (environ && environ[n])
		n++;
	return n;
}

/* The slot of the variable whose name is the first len bytes, or NULL. */
static char **env_slot(const char *name, size_t len)
{
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return e;
	return NULL;
}

char *getenv(const char *name)
{
	size_t len = strlen(name);
	char **slot = env_slot(name, len);

	return slot ? *slot + len + 1 : NULL;
}

static void release_string(char *text)
{
	for (struct env_string *s = owned; s; s = s->next) {
		if (s->text != text)
			continue;
		if (s->next)
			s->next->prev = s->prev;
		if (s->prev)
			s->prev->next = s->next;
		else
			owned = s->next;
		free(s);
		return;
	}
}

/* Makes environ a heap array with room for count strings and the NULL. */
static bool env_room(size_t count)
{
	size_t capacity;
	char **grown;

	if (environ == heap_env && count < heap_capacity)
		return true;
	capacity = 2 * count + 16;
	if (environ == heap_env) {
		grown = realloc(heap_env, capacity * sizeof(*grown));
	} else {
		grown = malloc(capacity * sizeof(*grown));
		if (grown) {
			memcpy(grown, environ, env_count() * sizeof(*grown));
			grown[env_count()] = NULL;
			free(heap_env);
		}
	}
	if (!grown)
		return false;
	environ = heap_env = grown;
	heap_capacity = capacity;
	return true;
}

static bool name_is_valid(const char *name)
{
	if (*name && !strchr(name, '='))
		return true;
	errno = EINVAL;
	return false;
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t len = strlen(name), count;
	struct env_string *s;
	char **slot;

	if (!name_is_valid(name))
		return -1;
	slot = env_slot(name, len);
	if (slot && !overwrite)
		return 0;
	s = malloc(sizeof(*s) + len + strlen(value) + 2);
	if (!s)
		return -1;
	strcpy(stpcpy(stpcpy(s->text, name), "="), value);
	if (!slot) {
		count = env_count();
		if (!env_room(count + 1)) {
			free(s);
			return -1;
		}
		slot = &environ[count];
		environ[count + 1] = NULL;
	} else {
		release_string(*slot);
	}
	s->prev = NULL;
	s->next = owned;
	if (owned)
		owned->prev = s;
	owned = s;
	*slot = s->text;
	return 0;
}

int unsetenv(const char *name)
{
	char **slot;

	if (!name_is_valid(name))
		return -1;
	slot = env_slot(name, strlen(name));
	if (!slot)
		return 0;
	release_string(*slot);
	for (; *slot; slot++)
		slot[0] = slot[1];
	return 0;
}

int clearenv(void)
{
	for (char **e = environ; e && *e; e++) {
		release_string(*e);
		*e = NULL;
	}
	return 0;
}
