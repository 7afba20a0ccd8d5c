/* list.h - doubly linked lists whose links are embedded in their members */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GOLDCREST_LIST_H
#define GOLDCREST_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* list - a ring; the head is a link of its own and no member */
struct list {
    struct list *next, *prev;
};

#define CONTAINER(link, type, member) ((type *)(void *)((char *)(link) - offsetof(type, member)))

static inline void list_init(struct list *head) {
    head->next = head->prev = head;
}

static inline bool list_is_empty(const struct list *head) {
    return head->next == head;
}

static inline void list_add_last(struct list *head, struct list *link) {
    link->next = head;
    link->prev = head->prev;
    head->prev->next = link;
    head->prev = link;
}

static inline void list_add_first(struct list *head, struct list *link) {
    list_add_last(head->next, link);
}

static inline void list_remove(struct list *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
