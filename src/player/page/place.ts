import * as v from 'valibot'
import { type Place, placeSchema } from '#bridge/shapes.ts'

/**
 * Where the player stands, by the origins of the frames around it (`location.ancestorOrigins`, the nearest first):
 * `undefined` in a tab of its own. The browser says it, not the site.
 */
export function placeOf(ancestors: readonly string[]): Place | undefined {
  const origin = ancestors.at(-1)
  const place = v.safeParse(placeSchema, { origin, isDirect: ancestors.every(one => one === origin) })
  return place.success ? place.output : undefined
}
