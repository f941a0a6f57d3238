import type { Random } from './random.ts';

/** Prices are whole cents, so that sums of them stay exact. */
export interface Product {
  readonly id: string;
  readonly category: string;
  readonly priceCents: number;
}

interface Shelf {
  readonly category: string;
  /** How often shoppers come for it, beside the others. */
  readonly interest: number;
  readonly products: readonly Product[];
}

const shelf = (
  category: string,
  interest: number,
  prices: { readonly [name: string]: number },
): Shelf => ({
  category,
  interest,
  products: Object.entries(prices).map(([name, price]) => ({
    id: name,
    category,
    priceCents: Math.round(price * 100),
  })),
});

const shelves: readonly Shelf[] = [
  shelf('shoes', 6, {
    'trail-runner': 119.9,
    'city-sneaker': 79.95,
    'leather-boot': 189,
    'canvas-slip-on': 34.5,
    'rain-boot': 49.99,
  }),
  shelf('jackets', 4, {
    'down-jacket': 249,
    windbreaker: 89.9,
    'denim-jacket': 99.95,
    'wool-coat': 319,
  }),
  shelf('shirts', 5, {
    'oxford-shirt': 59.9,
    't-shirt-white': 14.99,
    't-shirt-black': 14.99,
    'linen-shirt': 64.5,
    polo: 39.95,
  }),
  shelf('bags', 3, {
    backpack: 84.9,
    tote: 24.95,
    'weekender-bag': 159,
    'belt-bag': 29.9,
  }),
  shelf('accessories', 2, {
    'wool-scarf': 44.9,
    cap: 19.95,
    gloves: 27.5,
    'leather-belt': 37.9,
    socks: 6.99,
  }),
];

const interests = shelves.flatMap((each) => new Array<Shelf>(each.interest).fill(each));

/** A product of the category, or of one that draws shoppers as its `interest` says. */
export function browse(random: Random, category?: string): Product {
  const chosen = shelves.find((each) => each.category === category) ?? random.pick(interests);
  return random.pick(chosen.products);
}

/** Cents as the exact decimal text that events carry: 1490 is `14.90`. */
export const decimalOf = (cents: number): string =>
  `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
