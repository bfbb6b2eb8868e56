// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ParatiiToken} from "./ParatiiToken.sol";
import {Permits} from "./base/Permits.sol";
import {IERC223Receiver} from "./interfaces/IERC223Receiver.sol";
import {ICampaignsTypes} from "./interfaces/ICampaignsTypes.sol";
import {Allotments} from "./libraries/Allotments.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";

/// @title One deposit of an advertiser, promised to many viewers
/// @notice Batches of viewers are promised parts of the deposit, one word a batch however many they are; each viewer then
/// earns by proofs that the campaign's signer signs as it watches. All that is promised always fits the deposit.
/// @dev Allotments are counted in units, so that sums fit the words of the library: 2^40 units are about 1.1 million PTI.
contract Campaigns is ICampaignsTypes, IERC1363Receiver, IERC223Receiver, EIP712, Permits {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;

    /// @notice Base units in a unit: a millionth of a PTI.
    uint256 public constant UNIT = 1e12;

    uint256 private constant _BPS = 10_000;
    uint256 private constant _MAX_DEPTH = 32;
    uint256 private constant _LANES_PER_WORD = 6;
    bytes32 private constant _CREATE_TYPEHASH = keccak256(
        "CreateCampaign(address advertiser,address signer,bytes32 video,uint40 deposit,uint40 maxPerViewer,uint40 end,uint8 depth,address affiliate,uint16 affiliateBps,bytes32 salt)"
    );
    bytes32 private constant _TOP_UP_TYPEHASH =
        keccak256("TopUpCampaign(bytes32 campaign,uint40 added,bytes32 salt)");
    bytes32 private constant _ALLOT_TYPEHASH =
        keccak256("AllotCampaign(bytes32 campaign,uint32 index,bytes32 allotments)");
    bytes32 private constant _PROOF_TYPEHASH =
        keccak256("CampaignProof(bytes32 campaign,uint32 leaf,uint256 balance)");

    /// @notice Seconds after a campaign's end in which viewers settle.
    uint256 public immutable PERIOD;

    mapping(bytes32 campaign => Campaign) private _campaigns;
    mapping(bytes32 campaign => bytes32[]) private _batches;
    mapping(bytes32 campaign => mapping(uint256 group => uint256)) private _lanes;

    /// @param token_ The token that is paid.
    /// @param period Seconds after a campaign's end in which viewers settle.
    constructor(ParatiiToken token_, uint32 period) EIP712("Paratii", "1") Permits(token_) {
        PERIOD = period;
    }

    // --------------------------------------------------------------------------------------------- the advertiser

    /// @notice Opens a campaign of the sender with tokens of its allowance.
    /// @return campaign Its id, which is that of no other.
    function create(Plan calldata plan) external returns (bytes32 campaign) {
        if (msg.sender != plan.advertiser) revert Campaigns_NotAllowed(msg.sender);
        campaign = _create(plan);
        IERC20(token).safeTransferFrom(msg.sender, address(this), plan.deposit * UNIT);
    }

    /// @notice Opens a campaign with tokens of the advertiser by ERC-3009. Anybody may send it.
    /// @param signature The advertiser over ReceiveWithAuthorization of the deposit to this contract, validAfter 0, nonce
    /// the EIP-712 digest of CreateCampaign.
    function createWithAuthorization(Plan calldata plan, uint256 validBefore, Signature calldata signature)
        external
        returns (bytes32 campaign)
    {
        campaign = _create(plan);
        _receive(plan.advertiser, plan.deposit * UNIT, validBefore, campaign, signature);
    }

    /// @notice Adds tokens of the sender to a campaign that has not ended.
    function topUp(bytes32 campaign, uint40 added) external {
        _topUp(campaign, added);
        IERC20(token).safeTransferFrom(msg.sender, address(this), added * UNIT);
    }

    /// @notice Adds tokens of the advertiser by ERC-3009. Anybody may send it.
    /// @param signature The advertiser over ReceiveWithAuthorization of `added` to this contract, validAfter 0, nonce the
    /// EIP-712 digest of TopUpCampaign.
    function topUpWithAuthorization(
        bytes32 campaign,
        uint40 added,
        bytes32 salt,
        uint256 validBefore,
        Signature calldata signature
    ) external {
        _topUp(campaign, added);
        bytes32 nonce = _hashTypedDataV4(keccak256(abi.encode(_TOP_UP_TYPEHASH, campaign, added, salt)));
        _receive(_campaigns[campaign].advertiser, added * UNIT, validBefore, nonce, signature);
    }

    /// @inheritdoc IERC1363Receiver
    /// @dev `data` is a plan, ABI encoded, or the id of a campaign to top up.
    function onTransferReceived(address, address from, uint256 value, bytes calldata data) external returns (bytes4) {
        _received(from, value, data);
        return IERC1363Receiver.onTransferReceived.selector;
    }

    /// @inheritdoc IERC223Receiver
    function tokenFallback(address from, uint256 value, bytes calldata data) external {
        _received(from, value, data);
    }

    /// @notice Promises a batch of viewers their parts, while all parts fit the deposit. Anybody may send it with the
    /// signer's signature of AllotCampaign; signer and advertiser themselves need none.
    /// @param allotments The root word of the batch's tree, of the campaign's depth.
    function allot(bytes32 campaign, bytes32 allotments, Signature calldata signature) external {
        Campaign storage stored = _load(campaign);
        if (block.timestamp >= stored.end) revert Campaigns_Ended(stored.end);
        bytes32[] storage batches = _batches[campaign];
        uint256 index = batches.length;
        uint256 allotted = stored.allotted + Allotments.sum(allotments);
        if (allotted > stored.deposit || (index + 1) << stored.depth > 1 << 32) revert Campaigns_BadAllotments();
        if (msg.sender != stored.signer && msg.sender != stored.advertiser) {
            bytes32 structHash = keccak256(abi.encode(_ALLOT_TYPEHASH, campaign, index, allotments));
            if (_hashTypedDataV4(structHash).recover(signature) != stored.signer) revert Campaigns_BadSignature();
        }
        stored.allotted = uint40(allotted);
        batches.push(allotments);
        emit CampaignAllotted(campaign, uint32(index), allotments);
    }

    /// @notice Returns to the advertiser what nobody earned, from a period after the end on. Anybody may send it.
    function reclaim(bytes32 campaign) external {
        Campaign storage stored = _load(campaign);
        if (stored.reclaimed) revert Campaigns_AlreadyReclaimed(campaign);
        if (block.timestamp < stored.end + PERIOD) revert Campaigns_NotEnded(stored.end + PERIOD);
        stored.reclaimed = true;
        uint256 amount = uint256(stored.deposit - stored.paid) * UNIT;
        emit CampaignReclaimed(campaign, amount);
        _pay(stored.advertiser, amount);
    }

    // --------------------------------------------------------------------------------------------------- viewers

    /// @notice Pays viewers, and the site its part, what proofs newly earn. Anybody may send it, until a period after the
    /// end. A proof that is stale, in no batch or not well signed is skipped, with an event, and harms no other; what is
    /// signed above an allotment, or above the most for a viewer, is cut.
    function settle(bytes32 campaign, Proof[] calldata proofs) external {
        Campaign storage stored = _load(campaign);
        if (block.timestamp >= stored.end + PERIOD) revert Campaigns_Ended(stored.end);
        (uint256 bps, uint256 maximum) = (stored.affiliateBps, stored.maxPerViewer);
        uint256 counted;
        uint256 shared;
        for (uint256 i; i < proofs.length; ++i) {
            (uint256 before, uint256 units) = _count(campaign, stored, proofs[i], maximum);
            if (units == 0) continue;
            uint256 share = (units * UNIT * bps) / _BPS - (before * UNIT * bps) / _BPS;
            counted += units - before;
            shared += share;
            _pay(proofs[i].payout, (units - before) * UNIT - share);
        }
        if (counted == 0) return;
        stored.paid += uint40(counted);
        _pay(stored.affiliate, shared);
    }

    // --------------------------------------------------------------------------------------------------- reading

    /// @notice A campaign as it stands. Reverts if it was never opened.
    function campaignOf(bytes32 campaign) external view returns (Campaign memory) {
        return _load(campaign);
    }

    /// @notice Units that a viewer got for one allotment.
    function paidUnits(bytes32 campaign, uint32 leaf) external view returns (uint40) {
        return uint40(_laneOf(campaign, leaf));
    }

    /// @notice The root words of a campaign's batches.
    function batchesOf(bytes32 campaign) external view returns (bytes32[] memory) {
        return _batches[campaign];
    }

    /// @notice The id that a plan's campaign has: the EIP-712 digest of CreateCampaign.
    function idOf(Plan calldata plan) external view returns (bytes32) {
        return _idOf(plan);
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // -------------------------------------------------------------------------------------------------- internals

    function _received(address from, uint256 value, bytes calldata data) private {
        if (msg.sender != address(token)) revert Campaigns_NotAllowed(msg.sender);
        uint256 units = value / UNIT;
        if (units * UNIT != value || units > Allotments.SUM_MASK) revert Campaigns_BadData();
        if (data.length == 32) return _topUp(bytes32(data), uint40(units));
        if (data.length != 320) revert Campaigns_BadData();
        Plan memory plan = abi.decode(data, (Plan));
        if (plan.advertiser != from || plan.deposit != units) revert Campaigns_BadData();
        _create(plan);
    }

    function _create(Plan memory plan) private returns (bytes32 campaign) {
        if (
            plan.advertiser == address(0) || plan.signer == address(0) || plan.deposit == 0
                || plan.end <= block.timestamp || plan.depth > _MAX_DEPTH || plan.affiliateBps > _BPS
        ) revert Campaigns_BadPlan();
        campaign = _idOf(plan);
        Campaign storage stored = _campaigns[campaign];
        if (stored.advertiser != address(0)) revert Campaigns_Exists(campaign);
        stored.advertiser = plan.advertiser;
        stored.end = plan.end;
        stored.depth = plan.depth;
        stored.affiliateBps = plan.affiliate == address(0) ? 0 : plan.affiliateBps;
        stored.signer = plan.signer;
        stored.maxPerViewer = plan.maxPerViewer;
        stored.deposit = plan.deposit;
        stored.affiliate = plan.affiliate;
        _log(campaign, plan);
    }

    function _log(bytes32 campaign, Plan memory plan) private {
        emit CampaignCreated(
            campaign,
            plan.advertiser,
            plan.video,
            plan.signer,
            plan.deposit,
            plan.maxPerViewer,
            plan.end,
            plan.depth,
            plan.affiliate,
            plan.affiliateBps
        );
    }

    function _topUp(bytes32 campaign, uint40 added) private {
        Campaign storage stored = _load(campaign);
        if (block.timestamp >= stored.end) revert Campaigns_Ended(stored.end);
        if (added == 0 || added > Allotments.SUM_MASK - stored.deposit) revert Campaigns_BadPlan();
        stored.deposit += added;
        emit CampaignToppedUp(campaign, added);
    }

    /// @return before Units counted so far.
    /// @return units Units counted now; zero if the proof is skipped.
    function _count(bytes32 campaign, Campaign storage stored, Proof calldata proof, uint256 maximum)
        private
        returns (uint256 before, uint256 units)
    {
        before = _laneOf(campaign, proof.leaf);
        units = proof.balance / UNIT;
        if (units > proof.cap) units = proof.cap;
        if (units > maximum) units = maximum;
        SkipReason reason;
        if (units <= before) reason = SkipReason.Stale;
        else if (proof.payout == address(0)) reason = SkipReason.BadPayee;
        else if (!_isAllotted(campaign, stored.depth, proof)) reason = SkipReason.BadBranch;
        else if (_signerOf(campaign, proof) != stored.signer) reason = SkipReason.BadSignature;
        else {
            uint256 shift = 40 * (proof.leaf % _LANES_PER_WORD);
            _lanes[campaign][proof.leaf / _LANES_PER_WORD] += (units - before) << shift;
            emit AttentionPaid(campaign, proof.viewer, proof.payout, proof.leaf, uint40(units));
            return (before, units);
        }
        emit ProofSkipped(campaign, proof.leaf, reason);
        return (before, 0);
    }

    function _isAllotted(bytes32 campaign, uint256 depth, Proof calldata proof) private view returns (bool) {
        bytes32[] storage batches = _batches[campaign];
        uint256 batch = uint256(proof.leaf) >> depth;
        if (proof.siblings.length != depth || batch >= batches.length) return false;
        bytes32 leaf = Allotments.leaf(proof.leaf, proof.viewer, proof.payout, proof.cap);
        (bool fits, bytes32 root) = Allotments.tryRoot(leaf, proof.leaf, proof.siblings);
        return fits && root == batches[batch];
    }

    function _signerOf(bytes32 campaign, Proof calldata proof) private view returns (address) {
        bytes32 structHash = keccak256(abi.encode(_PROOF_TYPEHASH, campaign, proof.leaf, proof.balance));
        return _hashTypedDataV4(structHash).recover(proof.signature);
    }

    function _idOf(Plan memory plan) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_CREATE_TYPEHASH, plan)));
    }

    function _laneOf(bytes32 campaign, uint256 leaf) private view returns (uint256) {
        return (_lanes[campaign][leaf / _LANES_PER_WORD] >> (40 * (leaf % _LANES_PER_WORD))) & Allotments.SUM_MASK;
    }

    function _load(bytes32 campaign) private view returns (Campaign storage stored) {
        stored = _campaigns[campaign];
        if (stored.advertiser == address(0)) revert Campaigns_Unknown(campaign);
    }
}
