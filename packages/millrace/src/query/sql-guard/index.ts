export {
  createSqlGuard,
  type GuardedStatement,
  type SqlGuard,
  type SqlGuardOptions,
} from './guard.ts';
export { createSqlGuards } from './guards.ts';
export type { ParameterTexts } from './parameters.ts';
export { type EngineErrorName, engineErrors, type Place, SqlRefusal } from './refusal.ts';
