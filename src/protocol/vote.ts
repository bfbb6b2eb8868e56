import * as v from 'valibot'
import type { Address, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import {
  addressField,
  type Schema,
  signatureField,
  uint40Field,
  uint53Field,
  videoIdField,
} from './fields.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'

export const voteStruct = {
  name: 'Vote',
  fields: {
    user: 'address',
    video: 'bytes32',
    choice: 'uint8',
    sequence: 'uint64',
    deadline: 'uint256',
  },
} as const

/** What one may think of a video, in the order of the contract's Choice; `none` withdraws. */
export const voteChoices = ['none', 'up', 'down'] as const
export type VoteChoice = (typeof voteChoices)[number]

/** The body of a `vote` message, viewer -> whoever casts votes in batches: the video's owner. */
export type Vote = {
  readonly user: Address
  readonly video: VideoId
  readonly choice: VoteChoice
  /** Higher than that of the user's earlier vote for the video: milliseconds since 1970. */
  readonly sequence: number
  /** Unix seconds after which nobody can cast it any more. */
  readonly deadline: number
  /** The user's. EIP-2098. */
  readonly signature: Signature
}

export const voteSchema: Schema<Vote> = v.object({
  user: addressField,
  video: videoIdField,
  choice: v.picklist(voteChoices),
  sequence: uint53Field,
  deadline: uint40Field,
  signature: signatureField,
})

const digestVote = (users: TypedDomain, { choice, ...rest }: Omit<Vote, 'signature'>): Uint8Array =>
  digestTypedData(users, voteStruct, { ...rest, choice: voteChoices.indexOf(choice) })

/** `users`: the domain of UserRegistry. */
export const signVote = (
  crypto: Crypto,
  users: TypedDomain,
  draft: Omit<Vote, 'signature'>,
  secretKey: Uint8Array,
): Vote => ({ ...draft, signature: signCompact(crypto, digestVote(users, draft), secretKey) })

/** `signature-invalid` unless the user signed it; `vote-expired` when it can no longer be cast. */
export const verifyVote = (crypto: Crypto, users: TypedDomain, vote: Vote, nowMs: number): Result<Vote> => {
  if (recoverAddress(crypto, digestVote(users, vote), vote.signature) !== vote.user)
    return failed('signature-invalid', { field: 'signature' })
  return vote.deadline * 1000 <= nowMs ? failed('vote-expired', { deadline: vote.deadline }) : ok(vote)
}
