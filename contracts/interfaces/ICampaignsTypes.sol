// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../libraries/CompactSignatures.sol";

/// @title What campaigns take, answer, log and refuse
interface ICampaignsTypes {
    /// @notice What an advertiser opens. Amounts are in units of UNIT base units.
    struct Plan {
        address advertiser;
        address signer; // of allotments and proofs
        bytes32 video;
        uint40 deposit;
        uint40 maxPerViewer; // of each allotment
        uint40 end; // unix seconds; allotted before, settled until a period after
        uint8 depth; // of each batch's tree
        address affiliate; // the site; zero for none
        uint16 affiliateBps; // its part of what viewers earn, in 1/10000
        bytes32 salt;
    }

    /// @notice What a viewer has earned, and where its allotment is.
    struct Proof {
        uint32 leaf; // (number of the batch << depth) + place in it
        address viewer; // the key of the allotment
        address payout;
        uint40 cap; // units
        uint256 balance; // cumulative base units
        Signature signature; // the signer over CampaignProof
        bytes32[] siblings; // from the leaf up
    }

    /// @notice A campaign as it stands; amounts in units.
    struct Campaign {
        address advertiser;
        uint40 end;
        uint8 depth;
        uint16 affiliateBps;
        bool reclaimed;
        address signer;
        uint40 maxPerViewer;
        uint40 deposit;
        address affiliate;
        uint40 allotted;
        uint40 paid;
    }

    /// @notice Why a proof paid nothing.
    enum SkipReason {
        Stale,
        BadPayee,
        BadBranch,
        BadSignature
    }

    /// @notice A campaign was opened. Amounts are in units.
    event CampaignCreated(
        bytes32 indexed campaign,
        address indexed advertiser,
        bytes32 indexed video,
        address signer,
        uint40 deposit,
        uint40 maxPerViewer,
        uint40 end,
        uint8 depth,
        address affiliate,
        uint16 affiliateBps
    );
    /// @notice The deposit grew by `added` units.
    event CampaignToppedUp(bytes32 indexed campaign, uint40 added);
    /// @notice Batch number `index`, from 0, of viewers was promised its part.
    event CampaignAllotted(bytes32 indexed campaign, uint32 index, bytes32 allotments);
    /// @notice A viewer has earned `units` in all.
    event AttentionPaid(
        bytes32 indexed campaign, address indexed viewer, address indexed payout, uint32 leaf, uint40 units
    );
    /// @notice A proof paid nothing.
    event ProofSkipped(bytes32 indexed campaign, uint32 leaf, SkipReason reason);
    /// @notice What nobody earned went back to the advertiser.
    event CampaignReclaimed(bytes32 indexed campaign, uint256 amount);

    /// @notice No such campaign.
    error Campaigns_Unknown(bytes32 campaign);
    /// @notice The campaign was opened before.
    error Campaigns_Exists(bytes32 campaign);
    /// @notice A zero advertiser, signer or deposit, an end that has passed, a tree deeper than 32, a share above all.
    error Campaigns_BadPlan();
    /// @notice The batch promises more than is left of the deposit, or batches are too many.
    error Campaigns_BadAllotments();
    /// @notice Too late for this.
    error Campaigns_Ended(uint40 end);
    /// @notice Too early for this.
    error Campaigns_NotEnded(uint256 end);
    /// @notice The rest was reclaimed before.
    error Campaigns_AlreadyReclaimed(bytes32 campaign);
    /// @notice The signature is not that of the one who had to sign.
    error Campaigns_BadSignature();
    /// @notice The sender may not do this.
    error Campaigns_NotAllowed(address sender);
    /// @notice Tokens came with data that mean nothing here, or not as many as they say.
    error Campaigns_BadData();
}
