import * as v from 'valibot'
import type { Cid, VideoId } from '#std/brand.ts'
import type { Result } from '#std/result.ts'
import { decodeWord } from './exchange.ts'
import { cidField, type Schema, videoIdField } from './fields.ts'
import { encodeJson } from './json.ts'

/** What everybody may ask on `/paratii/free/1`: who hosts a video, and the free head of a directory. */
export type FreeBodies = {
  readonly gethosts: { readonly id: VideoId }
  readonly gethead: { readonly root: Cid }
}

export type FreeQuestion = {
  [C in keyof FreeBodies]: { readonly cmd: C; readonly body: FreeBodies[C] }
}[keyof FreeBodies]

/** Bytes of one question. */
export const maxFreeQuestionBytes = 512
/** Bytes of one `part` of an answer. */
export const maxPartBytes = 262_144

const schemas: { readonly [C in keyof FreeBodies]: Schema<FreeBodies[C]> } = {
  gethosts: v.object({ id: videoIdField }),
  gethead: v.object({ root: cidField }),
}

export const encodeFreeQuestion = ({ body }: FreeQuestion): Uint8Array => encodeJson(body)

/** Parses a question. An unknown command gives `undefined`: it is skipped. */
export const decodeFreeQuestion = (cmd: string, data: Uint8Array): Result<FreeQuestion | undefined> =>
  decodeWord(schemas, cmd, data, maxFreeQuestionBytes) as Result<FreeQuestion | undefined>
