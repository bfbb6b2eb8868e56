import * as v from 'valibot'
import type { PurchaseNonce } from '#std/brand.ts'

/** Where films were left, by purchase, the newest last. */
const key = 'positions'
const maxKept = 200
const schema = v.array(v.tuple([v.string(), v.number()]))

/** The part of `chrome.storage.StorageArea` that is used. */
type Area = {
  get(key: string): Promise<Record<string, unknown>>
  set(items: Record<string, unknown>): Promise<void>
}

const read = async (area: Area): Promise<[string, number][]> => {
  const parsed = v.safeParse(schema, (await area.get(key))[key])
  return parsed.success ? parsed.output : []
}

/** Seconds into the film where a purchase was left; 0 for one that was not, or was seen to its end. */
export const findPosition = async (area: Area, purchase: PurchaseNonce): Promise<number> =>
  (await read(area)).find(([other]) => other === purchase)?.[1] ?? 0

/** Remembers where a purchase is. Two players that write at once may lose one of their positions, and no more. */
export const savePosition = async (area: Area, purchase: PurchaseNonce, seconds: number): Promise<void> => {
  const others = (await read(area)).filter(([other]) => other !== purchase)
  const kept: [string, number][] = seconds > 0 ? [...others, [purchase, seconds]] : others
  await area.set({ [key]: kept.slice(-maxKept) })
}
