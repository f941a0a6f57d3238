#!/usr/bin/env -S node --max-semi-space-size=32
// Events live for a moment: a young generation of 32 MB lets them die young
// (measured: a fifth less CPU an event than with the default of 16).
//
// Questions and inserts each hold a thread of libuv's pool while they run, and
// so does every fsync: with the default of four, slow questions would hold up
// the log. The pool takes its size when it is first used, so it is set here.
process.env.UV_THREADPOOL_SIZE ??= '24';

const { main } = await import('../dist/cli/main.js');
await main(process.argv);
