import { count, type Pipeline } from 'millrace';
import ledger from './ledger.config.ts';

/** The pipeline of the ledger, with rollups that are others for each value of the variable. */
const measure = `variant_${process.env.MILLRACE_TEST_VARIANT ?? 0}`;
const changing: Pipeline = ledger;

export default {
  ...changing,
  rollups: changing.rollups?.map((rollup) => ({
    ...rollup,
    measures: { ...rollup.measures, [measure]: count() },
  })),
};
