import { call, type Expression, infix, literal } from './nodes.ts';

const hourMs = 3_600_000;

/** The hour that a time (epoch ms) lies in, counted from the epoch. */
export const hourOf = (ms: Expression): Expression =>
  call('intDiv', infix('-', ms, call('positiveModulo', ms, literal(hourMs))), literal(hourMs));
