import type { Address, Hash, Signature, VideoId } from '#std/brand.ts'
import { failed } from '#std/error.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import { ok, type Result } from '#std/result.ts'
import { leafWord, nodeWord } from './allotment.ts'
import { hashFromBytes } from './hash.ts'
import { recoverAddress, signCompact } from './signature.ts'
import { digestTypedData, type TypedDomain } from './typed-data.ts'

/** Base units in a unit: what campaigns allot and pay in, a millionth of a PTI. */
export const campaignUnitWei = 10n ** 12n

/** A whole number of units that is at least so many base units. */
export const unitsAbove = (amountWei: bigint): number =>
  Number((amountWei + campaignUnitWei - 1n) / campaignUnitWei)

export const createCampaignStruct = {
  name: 'CreateCampaign',
  fields: {
    advertiser: 'address',
    signer: 'address',
    video: 'bytes32',
    deposit: 'uint40',
    maxPerViewer: 'uint40',
    end: 'uint40',
    depth: 'uint8',
    affiliate: 'address',
    affiliateBps: 'uint16',
    salt: 'bytes32',
  },
} as const

/** What an advertiser opens. Amounts in units. */
export type CampaignPlan = {
  readonly advertiser: Address
  /** Signs allotments, bids and proofs. */
  readonly signer: Address
  readonly video: VideoId
  readonly deposit: number
  /** Of each allotment. */
  readonly maxPerViewer: number
  /** Unix seconds. */
  readonly end: number
  /** Of each batch's tree: 2^depth viewers. */
  readonly depth: number
  readonly affiliate: Address
  readonly affiliateBps: number
  readonly salt: Hash
}

/** The id that a plan's campaign has. `campaigns`: the domain of Campaigns. */
export const campaignIdOf = (campaigns: TypedDomain, plan: CampaignPlan): Hash =>
  hashFromBytes(digestTypedData(campaigns, createCampaignStruct, plan))

/** One viewer's part of a batch. */
export type ViewerAllotment = { readonly viewer: Address; readonly payout: Address; readonly cap: number }

/** A batch as it is committed: its root word, and each viewer's leaf number and branch. */
export type CampaignBatch = {
  readonly allotments: Hash
  readonly places: readonly { readonly leaf: number; readonly siblings: readonly Hash[] }[]
}

const zeroWord = hashFromBytes(new Uint8Array(32))

/**
 * The tree of batch number `batch` over at most 2^depth viewers; leaves are numbered through all batches. Fails with
 * `allotment-exceeds-capacity` for sums above 40 bits, `document-malformed` for no viewer, too many, or too late a batch.
 */
export const buildCampaignBatch = (
  viewers: readonly ViewerAllotment[],
  batch: number,
  depth: number,
): Result<CampaignBatch> => {
  const size = 2 ** depth
  const first = batch * size
  if (viewers.length === 0 || viewers.length > size || first + size > 2 ** 32)
    return failed('document-malformed', { field: 'viewers' })
  let level: Hash[] = viewers.map(({ viewer, payout, cap }, place) =>
    leafWord({ index: first + place, payee: viewer, payout, cap }),
  )
  const branches: Hash[][] = viewers.map(() => [])
  for (let height = 0; height < depth; height++) {
    for (const [place, branch] of branches.entries()) branch.push(level[(place >> height) ^ 1] ?? zeroWord)
    const parents: Hash[] = []
    for (let i = 0; i < level.length; i += 2) {
      const parent = nodeWord(level[i] ?? zeroWord, level[i + 1] ?? zeroWord)
      if (parent === undefined) return failed('allotment-exceeds-capacity')
      parents.push(parent)
    }
    level = parents
  }
  return ok({
    allotments: level[0] ?? zeroWord,
    places: branches.map((siblings, place) => ({ leaf: first + place, siblings })),
  })
}

/** The root word that an allotment's branch leads to; `undefined` when a sum on the way does not fit. */
export const batchRootOf = (
  allotment: ViewerAllotment,
  leaf: number,
  siblings: readonly Hash[],
): Hash | undefined => {
  const { viewer, payout, cap } = allotment
  let word: Hash | undefined = leafWord({ index: leaf, payee: viewer, payout, cap })
  for (const [height, sibling] of siblings.entries()) {
    if (word === undefined) return undefined
    word = ((leaf >>> height) & 1) === 1 ? nodeWord(sibling, word) : nodeWord(word, sibling)
  }
  return word
}

export const campaignProofStruct = {
  name: 'CampaignProof',
  fields: { campaign: 'bytes32', leaf: 'uint32', balance: 'uint256' },
} as const

/** A campaign's cumulative promise to one leaf: it replaces all lower ones. */
export type CampaignProof = {
  readonly campaign: Hash
  readonly leaf: number
  /** Base units in all. */
  readonly balance: bigint
  /** The campaign's signer's. EIP-2098. */
  readonly signature: Signature
}

const digestProof = (campaigns: TypedDomain, { campaign, leaf, balance }: Omit<CampaignProof, 'signature'>) =>
  digestTypedData(campaigns, campaignProofStruct, { campaign, leaf, balance })

export const signCampaignProof = (
  crypto: Crypto,
  campaigns: TypedDomain,
  draft: Omit<CampaignProof, 'signature'>,
  secretKey: Uint8Array,
): CampaignProof => ({ ...draft, signature: signCompact(crypto, digestProof(campaigns, draft), secretKey) })

/** `signature-invalid` unless `signer` signed it. */
export const verifyCampaignProof = (
  crypto: Crypto,
  campaigns: TypedDomain,
  proof: CampaignProof,
  signer: Address,
): Result<CampaignProof> =>
  recoverAddress(crypto, digestProof(campaigns, proof), proof.signature) === signer
    ? ok(proof)
    : failed('signature-invalid', { field: 'signature' })
