#!/usr/bin/env -S node --max-semi-space-size=32
// Events live for a moment: a young generation of 32 MB lets them die young
// (measured: a fifth less CPU an event than with the default of 16).
//
// Questions and inserts each hold a thread of libuv's pool while they run, and
// so does every fsync: with the default of four, slow questions would hold up
// the log. The pool takes its size when it is first used, which for a module is
// when Node reads it. So this is none: see the package.json beside it.
process.env.UV_THREADPOOL_SIZE = String(Math.max(24, Number(process.env.UV_THREADPOOL_SIZE) || 0));

// What goes wrong in loading it ends the process, as it would in a module.
void import('../dist/cli/main.js').then(({ main }) => main(process.argv));
