import { browse, decimalOf, type Product } from './catalog.ts';
import type { Random } from './random.ts';

/** What one shopper does next, as the pipeline declares it. */
export interface Step {
  readonly type: string;
  readonly properties: { readonly [name: string]: unknown };
}

const elements = ['search', 'size-guide', 'reviews', 'photo-zoom', 'wishlist', 'share'];
const currencies = ['EUR', 'EUR', 'EUR', 'EUR', 'GBP', 'USD'];

const mostViews = 14;
const keepsLooking = 0.8;
const clicksAround = 0.3;
const putsIntoCart = 0.04;
const checksOut = 0.35;

/**
 * One visit: a shopper looks at things of a kind, clicks around, and now and
 * then buys. About 4.5 views a visit; one visit in six fills a cart, one in
 * sixteen ends in a purchase.
 */
export function* visit(random: Random, orderId: () => string): Generator<Step, void> {
  const cart = new Map<Product, number>();
  const category = browse(random).category;
  for (let views = 0; views < mostViews; views += 1) {
    const product = browse(random, random.chance(0.75) ? category : undefined);
    const price = decimalOf(product.priceCents);
    yield {
      type: 'view',
      properties: { product_id: product.id, category: product.category, price },
    };
    if (random.chance(clicksAround)) {
      yield { type: 'click', properties: { element: random.pick(elements) } };
    }
    if (random.chance(putsIntoCart)) {
      const quantity = random.chance(0.8) ? 1 : random.int(2, 4);
      cart.set(product, (cart.get(product) ?? 0) + quantity);
      yield { type: 'add_to_cart', properties: { product_id: product.id, quantity, price } };
    }
    if (!random.chance(keepsLooking)) break;
  }
  if (cart.size === 0 || !random.chance(checksOut)) return;

  yield { type: 'click', properties: { element: 'checkout' } };
  const items = [...cart].map(([product, quantity]) => ({
    product_id: product.id,
    quantity,
    price: decimalOf(product.priceCents),
  }));
  const cents = [...cart].reduce(
    (sum, [{ priceCents }, quantity]) => sum + priceCents * quantity,
    0,
  );
  yield {
    type: 'purchase',
    properties: {
      order_id: orderId(),
      value: decimalOf(cents),
      currency: random.pick(currencies),
      items,
    },
  };
}
