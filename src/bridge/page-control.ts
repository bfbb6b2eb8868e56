import * as v from 'valibot'
import { ticketField } from './shapes.ts'

/** What a site may do to a player that plays: nothing that costs, beyond what the person said yes to. */
export const controlSchema = v.variant('action', [
  v.object({ action: v.picklist(['play', 'pause', 'mute', 'unmute', 'state']) }),
  v.object({ action: v.literal('seek'), seconds: v.pipe(v.number(), v.finite(), v.minValue(0)) }),
])
export type Control = v.InferOutput<typeof controlSchema>

/** How it stands after that. */
export const mediaSchema = v.object({
  isPaused: v.boolean(),
  isMuted: v.boolean(),
  currentSeconds: v.number(),
  durationSeconds: v.number(),
})
export type Media = v.InferOutput<typeof mediaSchema>

/** As the content script passes it on: which of the page's tags, that script alone knows. */
export const controlAsked = v.object({ element: ticketField, control: controlSchema })
