import * as v from 'valibot'
import { type EarnAsked, earnAskedSchema } from '#bridge/earning.ts'
import { type Asked, askedSchema } from '#bridge/shapes.ts'
import { parsePti, textFromWei } from '#std/amount.ts'

/** How the tag wants the video to be shown. */
export type View = {
  readonly poster: string | undefined
  readonly muted: boolean
  readonly loop: boolean
  readonly controls: boolean
}

/** The format that a tag without one, or with `auto`, means: a directory of CMAF renditions with their manifests. */
const defaultFormat = 'cmaf'

/** What the query of the page asks for; `undefined` if it names no video, a limit that is no amount, or an affiliate that is no address. */
export function parseAsked(query: URLSearchParams): Asked | undefined {
  const format = query.get('format') ?? 'auto'
  const limit = query.get('price-max')
  const limitWei = limit === null ? query.get('price-max-wei') : (parsePti(limit.trim()) ?? 'none')
  const asked = v.safeParse(askedSchema, {
    video: query.get('video')?.trim().toLowerCase(),
    format: format === 'auto' || format === '' ? defaultFormat : format,
    ...(limitWei === null
      ? {}
      : { priceMaxWei: typeof limitWei === 'bigint' ? textFromWei(limitWei) : limitWei }),
    ...(query.has('affiliate') ? { affiliate: query.get('affiliate')?.trim().toLowerCase() } : {}),
    ...(query.has('element') ? { element: query.get('element') } : {}),
  })
  return asked.success ? asked.output : undefined
}

/** What a tag with `mode="attention"` asks for; `undefined` for any other, and for an affiliate that is no address. */
export function parseEarner(query: URLSearchParams): EarnAsked | undefined {
  if (query.get('mode') !== 'attention') return undefined
  const asked = v.safeParse(earnAskedSchema, {
    ...(query.has('affiliate') ? { affiliate: query.get('affiliate')?.trim().toLowerCase() } : {}),
    ...(query.has('element') ? { element: query.get('element') } : {}),
  })
  return asked.success ? asked.output : undefined
}

/** The view that the fragment describes. A boolean attribute holds by being there, as in HTML. */
export function parseView(fragment: string, isTop: boolean): View {
  const view = new URLSearchParams(fragment.replace(/^#/, ''))
  return {
    poster: posterOf(view.get('poster')),
    muted: view.has('muted'),
    loop: view.has('loop'),
    // A page of its own has nothing else to steer it by.
    controls: isTop || view.has('controls'),
  }
}

function posterOf(text: string | null): string | undefined {
  if (text === null || !URL.canParse(text)) return undefined
  return /^https?:$/.test(new URL(text).protocol) ? text : undefined
}
