import { defineImport } from 'millrace';
import type pipeline from './millrace.config.ts';

const categories = ['trousers', 'skirts', 'blouses', 'sale'];

// Semicolons, found by themselves. The columns: year, month, day, order, country,
// session ID, page 1 (main category), page 2 (clothing model), colour, location,
// model photography, price, price 2, page.
export default defineImport<typeof pipeline>({
  // A session clicks each of its places once, so these two tell a click.
  id: ['session ID', 'order'],
  event: (row) => {
    const position = row.integer('order');
    const date = ['year', 'month', 'day'].map((part) => row.text(part).padStart(2, '0')).join('-');
    return {
      type: 'click',
      // The file has no time of day. A second a click keeps them in order.
      timestamp: row.timeOf(date) + position * 1_000,
      session_id: row.text('session ID'),
      properties: {
        position,
        page: row.integer('page'),
        category: categories[row.integer('page 1 (main category)') - 1] ?? 'other',
        product: row.text('page 2 (clothing model)'),
        price: row.integer('price'),
        country: row.text('country'),
      },
    };
  },
});
