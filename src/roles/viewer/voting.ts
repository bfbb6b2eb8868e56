import { paratiiDomain, type TypedDomain } from '#protocol/typed-data.ts'
import { signVote, type Vote, type VoteChoice } from '#protocol/vote.ts'
import type { Address, VideoId } from '#std/brand.ts'
import { type EarnerPorts, findAddresses } from './asking.ts'

/** A vote can be cast for so long. */
const castWithinSeconds = 7 * 86_400

/** Signs votes for an account. */
export type VoteSigner = {
  readonly user: Address
  signVote(users: TypedDomain, draft: Omit<Vote, 'signature'>): Promise<Vote> | Vote
}

/** A signer that has its key at hand. */
export const voterOfKey = (
  crypto: EarnerPorts['crypto'],
  user: Address,
  secretKey: Uint8Array,
): VoteSigner => ({ user, signVote: (users, draft) => signVote(crypto, users, draft, secretKey) })

/**
 * Sends what an account thinks of a video to its owner, who casts it; `none` withdraws. Resolves when the owner has it:
 * whether it was cast, the chain says.
 */
export const sendVote = async (
  ports: EarnerPorts,
  video: VideoId,
  choice: VoteChoice,
  signer: VoteSigner,
  signal: AbortSignal,
): Promise<void> => {
  const { chainId, clock, mailbox, random, reader } = ports
  const [{ document }, { userRegistry }] = await Promise.all([
    reader.video(video, signal),
    reader.addresses(signal),
  ])
  const [key, addresses] = await Promise.all([
    reader.mailboxKey(document.owner, signal),
    findAddresses(ports, document.owner, signal),
  ])
  const nowMs = clock.nowMs()
  const body = await signer.signVote(paratiiDomain(chainId, userRegistry), {
    user: signer.user,
    video,
    choice,
    sequence: nowMs,
    deadline: Math.floor(nowMs / 1000) + castWithinSeconds,
  })
  // The vote says whose it is; who sends it, by which key, says nothing more.
  const envelope = mailbox.seal(random.bytes(32), key ?? document.mailbox, { type: 'vote', body })
  await mailbox.deliver({ addresses }, envelope, signal)
}
