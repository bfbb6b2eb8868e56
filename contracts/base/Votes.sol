// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";

/// @title Thumbs up and down
/// @notice Each account has one vote for each video, which it may change or withdraw.
/// @dev A vote has a sequence number, and only a higher one replaces it: so votes by signature can be sent in any order,
/// batch and number of copies.
abstract contract Votes is EIP712 {
    using CompactSignatures for bytes32;

    /// @notice What an account thinks of a video.
    enum Choice {
        None,
        Up,
        Down
    }

    /// @notice A vote by signature of Vote.
    struct SignedVote {
        address user;
        bytes32 video;
        Choice choice;
        uint64 sequence; // higher than that of the user's earlier vote for the video; milliseconds since 1970 will do
        uint256 deadline;
        Signature signature;
    }

    /// @notice Counts of votes that stand.
    struct Totals {
        uint128 up;
        uint128 down;
    }

    struct StoredVote {
        Choice choice;
        uint64 sequence;
    }

    bytes32 private constant _VOTE_TYPEHASH =
        keccak256("Vote(address user,bytes32 video,uint8 choice,uint64 sequence,uint256 deadline)");

    mapping(address user => mapping(bytes32 video => StoredVote)) private _votes;
    mapping(bytes32 video => Totals) private _ofVideo;
    mapping(address user => Totals) private _byUser;

    /// @notice From now on `user` thinks `choice` of `video`; before it was `previous`.
    event Voted(address indexed user, bytes32 indexed video, Choice choice, Choice previous, uint64 sequence);
    /// @notice A vote of a batch changed nothing: too old, expired or not signed by its user.
    event VoteSkipped(address indexed user, bytes32 indexed video, uint64 sequence);

    /// @notice Votes, changes a vote, or withdraws it (None).
    function vote(bytes32 video, Choice choice) external {
        _vote(msg.sender, video, choice, _votes[msg.sender][video].sequence + 1);
    }

    /// @notice Casts votes that their users signed. One that is old, expired or badly signed is skipped, with an event.
    function voteBySignatures(SignedVote[] calldata votes) external {
        for (uint256 i; i < votes.length; ++i) {
            SignedVote calldata one = votes[i];
            if (_isValid(one)) _vote(one.user, one.video, one.choice, one.sequence);
            else emit VoteSkipped(one.user, one.video, one.sequence);
        }
    }

    /// @notice What a user thinks of a video, and the number of that vote.
    function voteOf(address user, bytes32 video) external view returns (Choice choice, uint64 sequence) {
        StoredVote storage stored = _votes[user][video];
        return (stored.choice, stored.sequence);
    }

    /// @notice Votes for a video.
    function votesOf(bytes32 video) external view returns (Totals memory) {
        return _ofVideo[video];
    }

    /// @notice Votes that a user has cast.
    function votesBy(address user) external view returns (Totals memory) {
        return _byUser[user];
    }

    function _vote(address user, bytes32 video, Choice choice, uint64 sequence) private {
        StoredVote storage stored = _votes[user][video];
        Choice previous = stored.choice;
        (stored.choice, stored.sequence) = (choice, sequence);
        _move(_ofVideo[video], previous, choice);
        _move(_byUser[user], previous, choice);
        emit Voted(user, video, choice, previous, sequence);
    }

    function _move(Totals storage totals, Choice from, Choice to) private {
        if (from == to) return;
        if (from == Choice.Up) --totals.up;
        if (from == Choice.Down) --totals.down;
        if (to == Choice.Up) ++totals.up;
        if (to == Choice.Down) ++totals.down;
    }

    /// @dev The highest number is refused: the user's own next vote needs one more.
    function _isValid(SignedVote calldata one) private view returns (bool) {
        if (block.timestamp > one.deadline || one.sequence == type(uint64).max) return false;
        if (one.sequence <= _votes[one.user][one.video].sequence) return false;
        bytes32 structHash =
            keccak256(abi.encode(_VOTE_TYPEHASH, one.user, one.video, one.choice, one.sequence, one.deadline));
        address signer = _hashTypedDataV4(structHash).recover(one.signature);
        return signer != address(0) && signer == one.user;
    }
}
