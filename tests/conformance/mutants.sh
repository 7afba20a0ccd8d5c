#!/bin/sh
# mutants.sh - plants the known mistakes of event loops, one at a time; the suite has to notice each
# SPDX-License-Identifier: BSD-3-Clause
#
# Each mistake goes into a copy of one file of fdevents/ (or of net/linger.c); this file is compiled alone, and linked
# with the rest of the library, the suite, and the doubles of kernels that are not here. A pattern that no longer
# matches is an error. MUTANTS=word tries those whose description contains it.
set -u

src=$(cd "${srcdir:-.}" && pwd)
for CC in "${CC-}" cc gcc clang; do
    [ -n "$CC" ] && command -v "${CC%% *}" >/dev/null && break
    CC=
done
[ -n "$CC" ] || { echo "SKIP: no compiler"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

if [ "$(uname -s)" != Linux ]; then
    echo "SKIP: the doubles of other kernels need Linux below them"
    exit 77
fi

have="-DHAVE_EPOLL -DHAVE_KQUEUE -DHAVE_EVENT_PORTS -DHAVE_DEVPOLL"
paths="-iquote $src/tests/doubles/include -I$src/tests/doubles/include -I$src -I$src/src"
doubles="facts object solaris kqueue pollwrap"
caught=0 missed=0

compile() { # FILE OBJECT FLAGS
    $CC -O0 -w -D_GNU_SOURCE $have $paths $3 -c "$1" -o "$2"
}

# build_parts FLAGS: everything unmutated, into the folder $parts
build_parts() {
    mkdir "$parts" || exit 1
    for file in "$src"/fdevents/*.c "$src/src/net/linger.c" "$src"/tests/conformance/*.c; do
        compile "$file" "$parts/$(basename "$file" .c).o" "$1" || exit 1
    done
    for name in $doubles; do
        compile "$src/tests/doubles/$name.c" "$parts/double_$name.o" "$1" || exit 1
    done
}

# plant FILE SED: the mutant is $scratch/mutant.c
plant() {
    sed -e "$2" "$src/$1" >"$scratch/mutant.c" || exit 1
    if cmp -s "$src/$1" "$scratch/mutant.c"; then
        echo "ERROR: the pattern of this mutant no longer matches $1"
        return 1
    fi
}

# notice BACKEND CASES: says by which case, fails if by none
notice() {
    timeout 60 "$scratch/suite" -f -v -t 10 -b "$1" -c "$2" >"$scratch/out" 2>&1
    result=$?
    found=$(sed -n 's/^FAIL [a-z]*: \([0-9a-z]*\) .*/\1/p' "$scratch/out" | head -n 1)
    if [ -n "$found" ]; then
        echo "caught by case $found"
    elif [ $result -gt 128 ] || grep -q 'ERROR: AddressSanitizer' "$scratch/out"; then
        echo "caught by case $(echo "$2" | cut -d , -f $(($(grep -c '^PASS' "$scratch/out") + 1))), which died of it"
    elif [ $result -eq 0 ]; then
        echo "NOT CAUGHT"
        return 1
    else
        echo "ERROR: $(tail -n 1 "$scratch/out")"
        return 1
    fi
}

count() { # RESULT
    if [ "$1" -eq 0 ]; then
        caught=$((caught + 1))
    else
        missed=$((missed + 1))
    fi
}

# mutant FILE BACKEND[@SYSTEM] CASES DESCRIPTION SED; SYSTEM: whose poll()
mutant() {
    case $4 in *"${MUTANTS-}"*) ;; *) return 0 ;; esac
    printf '%s (%s): ' "$4" "$2"
    GC_POLL_SEMANTICS=${2#*@} wrap=
    export GC_POLL_SEMANTICS
    [ "$GC_POLL_SEMANTICS" = "$2" ] || wrap=-Wl,--wrap=poll
    object=$parts/$(basename "$1" .c).o
    if plant "$1" "$5" && compile "$scratch/mutant.c" "$scratch/mutated" "$flags"; then
        mv "$object" "$scratch/original"
        mv "$scratch/mutated" "$object"
        $CC $flags $wrap "$parts"/*.o -o "$scratch/suite" && notice "${2%@*}" "$3"
        count $?
        mv "$scratch/original" "$object"
    else
        count 1
    fi
}

has_sanitizer() {
    echo 'int main(void) { return 0; }' >"$scratch/empty.c"
    $CC -fsanitize=address "$scratch/empty.c" -o "$scratch/empty" 2>/dev/null && "$scratch/empty"
}

flags= parts=$scratch/parts
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
build_parts ""

printf 'no mistake at all: '
$CC "$parts"/*.o -o "$scratch/suite" && notice poll 01,05,06,11,31,45,64 && {
    echo "ERROR: this says nothing about mistakes"
    exit 1
}

# ---- what kernels do with HUP and ERR

hup='/POLLERR | POLLHUP/d; /EPOLLERR | EPOLLHUP/d'
mutant fdevents/epoll.c epoll 45,46 "HUP is not mapped" "$hup"
mutant fdevents/poll.c poll 45,46 "HUP is not mapped" "$hup"
mutant fdevents/ports.c ports 45,46 "HUP is not mapped" "$hup"
mutant fdevents/devpoll.c devpoll 45,46 "HUP is not mapped" "$hup"
mutant fdevents/poll.c poll@macos 12,17,21,24 "HUP is not mapped" "$hup"
mutant fdevents/poll.c poll@freebsd 17,24 "HUP is not mapped" "$hup"
mutant fdevents/poll.c poll@openbsd 17,24 "HUP is not mapped" "$hup"
mutant fdevents/poll.c poll@dragonfly 17,21,24 "HUP is not mapped" "$hup"
for system in macos freebsd openbsd dragonfly; do
    mutant fdevents/poll.c poll@$system 45 "HUP is not mapped, pipes" "$hup"
done
mutant fdevents/poll.c poll@macos 11,12 "HUP is the end of the connection" \
    's/(POLLERR | POLLHUP)) ready |= BACKEND_FAILED/(POLLERR | POLLHUP)) ready |= FDEVENT_NVAL/'
mutant fdevents/poll.c poll@dragonfly 21,22 "HUP is the end of the connection" \
    's/(POLLERR | POLLHUP)) ready |= BACKEND_FAILED/(POLLERR | POLLHUP)) ready |= FDEVENT_NVAL/'
mutant fdevents/kqueue.c kqueue 21 "EV_EOF of WRITE is the end of the connection" \
    's/^    backend_mark(ev, ready);/    backend_mark(ev, event->flags \& EV_EOF ? FDEVENT_NVAL : ready);/'
mutant fdevents/kqueue.c kqueue 11,15 "EV_EOF is the end before the data is read" \
    's/FDEVENT_OUT : FDEVENT_IN;/FDEVENT_OUT : event->flags \& EV_EOF ? 0 : FDEVENT_IN;/'
mutant fdevents/fdevent.c epoll 13,14 "RDHUP is not latched" 's/ev->flags |= LATCHED;/;/'
mutant fdevents/fdevent.c poll 13,14 "RDHUP is not latched" 's/ev->flags |= LATCHED;/;/'
mutant fdevents/fdevent.c kqueue 13,14 "RDHUP is not latched" 's/ev->flags |= LATCHED;/;/'
mutant fdevents/kqueue.c kqueue 13 "bytes wake who asked for the end" 's/event.fflags = NOTE_LOWAT;/;/'

# ---- interest

mutant fdevents/devpoll.c devpoll 05,06 "narrowing without POLLREMOVE" \
    's/return narrower ? .*/return tell(state, \&entries[1], 1);/'
mutant fdevents/devpoll.c devpoll 06 "interest 0 without POLLREMOVE" \
    '/if (wanted == 0) {/,/}/s/tell(state, entries, 1);/;/'
mutant fdevents/epoll.c epoll 06,18 "interest 0 stays registered" 's/wanted == 0 ? EPOLL_CTL_DEL : //'
kept='/if (wanted == 0) {/,/}/s/take_out(state, ev);/if (!ev->interest) return state->fds[ev->slot].events = 0; &/'
mutant fdevents/poll.c poll 18 "interest 0 stays in the array" \
    "$kept"
mutant fdevents/poll.c poll@freebsd 18 "interest 0 stays in the array" \
    "$kept"
mutant fdevents/poll.c poll 64 "who leaves leaves a hole" \
    's/size_t last = --state->used;/state->fds[ev->slot].fd = -1; ev->slot = -1; return; size_t last = 0;/'
mutant fdevents/poll.c poll 65 "the last one moves, and does not know" 's/state->evs\[ev->slot\]->slot = ev->slot;/;/'
mutant fdevents/poll.c poll 65b "who is put in front does not know" 's/^    ev->slot = (int)b;/    ;/'
mutant fdevents/poll.c poll 65b "who makes room for it does not know" 's/state->evs\[a\]->slot = (int)a;/;/'
mutant fdevents/poll.c poll 65b "who is put in front leaves its descriptor" \
    's/^    state->fds\[b\] = fd;/    (void)fd;/'
mutant fdevents/epoll.c epoll 04,08 "edge-triggered" \
    's/event.data.ptr = ev;/event.data.ptr = ev; event.events |= EPOLLET;/'
mutant fdevents/epoll.c epoll 04,08 "one-shot" \
    's/event.data.ptr = ev;/event.data.ptr = ev; event.events |= EPOLLONESHOT;/'
mutant fdevents/ports.c ports 04,08 "not associated again" '/backend_unarmed(ev);/d'
mutant fdevents/ports.c ports 08,07,02 "associated again before its owner ran" \
    's/^    backend_unarmed(ev);.*/    port_associate(*(int *)of_port, 4, event->portev_object, POLLIN, ev);/
     s/^enum { BATCH.*/static void *of_port;\n&/
     s/^    struct ports_state \*state = arg;/&\n    of_port = state;/'
mutant fdevents/ports.c ports 66 "associated before its owner has read" 's/\.notes_at_once = true,//'
mutant fdevents/ports.c ports 04,08 "ETIME and EINTR mean that there is nothing" \
    's/^    if (result < 0 \&\& errno != ETIME \&\& errno != EINTR) return -1;/    if (result < 0) return 0;/'
mutant fdevents/kqueue.c kqueue 07,12,17 "both filters in one call" \
    's/^    bool was_end = .*/    struct kevent list[2]; \
    memset(list, 0, sizeof list); \
    for (int i = 0; i < 2; i++) { \
        list[i].ident = (uintptr_t)ev->fd; \
        list[i].filter = i ? EVFILT_WRITE : EVFILT_READ; \
        list[i].flags = wanted \& (i ? FDEVENT_OUT : reading) ? EV_ADD | EV_ENABLE : EV_DELETE; \
        list[i].udata = ev; \
    } \
    kevent(state->fd, list, 2, NULL, 0, NULL); \
    return 0; \
&/'
mutant fdevents/fdevent.c kqueue 09 "owners run while the batch is collected" \
    '/^void backend_mark/,/^}/s/^    queue(ev);$/    ev->ready = 0; ev->run(ev, ready);/'

# ---- batches

mutant fdevents/fdevent.c epoll 26,27,28 "closed at once" \
    's/^    ev->set->closing = true;/&\n    bury_closing(ev->set);\n    return;/'
mutant fdevents/fdevent.c epoll 28d "who is closed by a callback of the closed is forgotten" \
    's/while (set->closing) bury_closing/if (set->closing) bury_closing/'
mutant fdevents/fdevent.c epoll 27,28b "a closed one still runs" \
    '/^static int run_batch/,/^}/s/if (ev->flags & CLOSING) continue;/;/
    s/ready &= ev->interest | (unsigned)(FDEVENT_WAKE | FDEVENT_NVAL);/;/'
mutant fdevents/fdevent.c poll 29 "a muted one still runs" \
    's/ready &= ev->interest | (unsigned)(FDEVENT_WAKE | FDEVENT_NVAL);/;/'
mutant fdevents/fdevent.c poll 29b "a removed one stays in the batch" \
    '/^void fdevent_remove/,/^}/s/unlink_everywhere(ev);/;/'
unregister='/^static void silence/,/^}/s/if (ev->armed) .*/;/'
mutant fdevents/fdevent.c epoll 32 "not unregistered before close()" "$unregister"
mutant fdevents/fdevent.c poll 31,26 "not unregistered before close()" "$unregister"
mutant fdevents/fdevent.c select 31,26 "not unregistered before close()" "$unregister"
mutant fdevents/fdevent.c devpoll 31b "not unregistered before close()" "$unregister"
mutant fdevents/fdevent.c devpoll 33 "what somebody else closed stays registered" \
    's/^    silence(ev);\n    ev->flags |= GONE;/;/; /^static void lost/,/^}/s/silence(ev);/ev->interest = 0;/'
mutant fdevents/select.c select 33 "EBADF ends the loop" 's/if (count < 0 \&\& errno == EBADF) {/if (0) {/'
mutant fdevents/fdevent.c devpoll 34 "not asked whether it is open" \
    '/^static int check_open/,/^}/s/return fcntl.*/return 0;/'
mutant fdevents/fdevent.c epoll 34b "the kernel is never told of an open one" \
    '/^    if (later) {/,/^    }/s/note_change(ev);/;/'
mutant fdevents/fdevent.c poll 34 "added twice" 's/if (ev->set || backend_find(set, fd)) {/if (0) {/'
mutant fdevents/select.c select 54b "more than a set holds" 's/if (ev->fd >= FD_SETSIZE) {/if (0) {/'
for name in epoll kqueue; do
    mutant fdevents/$name.c $name 37 "sixteen at once" 's/enum { BATCH = 512 };/enum { BATCH = 16 };/'
done
mutant fdevents/devpoll.c devpoll 37 "sixteen at once" \
    's/BATCH_MIN = 64, BATCH_MAX = 512/BATCH_MIN = 16, BATCH_MAX = 16/'

# ---- waiting

mutant fdevents/fdevent.c poll 01,36 "does not sleep" 's/^    ms = wheel_wait_ms(set);/    return 0;\n&/'
mutant fdevents/fdevent.c epoll 56 "a signal ends the loop" 's/else if (errno != EINTR) return -1;/else return -1;/'
mutant fdevents/deadline.c poll 55 "the clock may go back" 's/if (now_ms > set->now_ms) set->now_ms/set->now_ms/'
mutant fdevents/deadline.c poll 70 "fires early" 's/return (ms >> TICK_SHIFT) + 1;/return ms >> TICK_SHIFT;/'
for name in epoll kqueue ports devpoll; do
    mutant fdevents/fdevent.c $name 47 "the child keeps its parent's object" \
        's/^int fdevents_after_fork(struct fdevents \*set) {/&\n    return signals_after_fork(set);/'
done

# ---- what the kernel refuses

mutant fdevents/fdevent.c epoll 49 "a file that cannot be watched is an error" \
    's/^    ev->flags |= ALWAYS;/    return -1;\n&/'
mutant fdevents/fdevent.c epoll 49 "a file is found out, and then waited for" \
    's/if (ev->flags & ALWAYS) backend_mark.*/;/
     s/if (ev->flags & ALWAYS || arm/if (ev->flags \& ALWAYS) backend_mark(ev, FDEVENT_IN | FDEVENT_OUT);\n&/'
mutant fdevents/fdevent.c kqueue 48 "a pipe without reader is an error" \
    's/^    ev->flags |= ALWAYS;/    return -1;\n&/'
mutant fdevents/kqueue.c kqueue 49b "a file is left to the kernel" 's/if (wanted \&\& is_file(ev)) {/if (0) {/'

# ---- sockets

mutant fdevents/socket.c poll 03 "accepted as it comes" 's/(plain = prepared(plain)) < 0/0/'
mutant fdevents/socket.c poll 24 "SO_ERROR can be fetched twice" 's/if (getpeername(fd.*/return 0;/'
mutant fdevents/socket.c poll 02,50 "no room is the end of the listener" \
    '/^static const int room_errors/,/^};/s/EMFILE, ENFILE,//'
mutant fdevents/socket.c poll 42 "what is not known is nothing" \
    '/^long socket_readable_bytes/,/^}/s/return -1;/return 0;/'
mutant src/net/linger.c poll 38 "the end is not noticed" \
    's/if (got == 0) return LINGER_DONE;/if (got == 0) return LINGER_WAIT;/'
mutant src/net/linger.c poll 38 "nothing queued is taken for the end" \
    's/socket_readable_bytes(fd) == 0) return LINGER_WAIT;/socket_readable_bytes(fd) == 0) return LINGER_DONE;/'
mutant src/net/linger.c poll 39 "no budget" \
    's/^        if (l->bytes_left == 0) return LINGER_DONE;/;/; s/l->bytes_left -= (uint64_t)got;/;/'
mutant src/net/linger.c poll 40 "a reset is waited for" 's/? LINGER_WAIT : LINGER_DONE;/? LINGER_WAIT : LINGER_WAIT;/'
mutant src/net/linger.c poll 41 "no lingering" 's/^int linger_turn(.*/&\n    return LINGER_DONE;/'

# ---- memory, for which the sanitizer is asked

if has_sanitizer; then
    flags=-fsanitize=address parts=$scratch/sanitized
    build_parts "$flags"
    mutant fdevents/fdevent.c epoll 28b "freed at once" \
        's/^    ev->set->closing = true;/    if (ev->closed) { ev->closed(ev); return; }/'
    mutant fdevents/fdevent.c poll 28c "freed, and still on the run list" 's/ev->set->purge = true;/;/'
else
    echo "SKIP freed at once, freed and still on the run list: the compiler has no address sanitizer"
fi

echo "$caught caught, $missed not caught"
[ $missed -eq 0 ] && [ $caught -gt 0 ]
