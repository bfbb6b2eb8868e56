// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {UserRegistry} from "../../../contracts/UserRegistry.sol";
import {Votes} from "../../../contracts/base/Votes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "../support/Test.sol";

contract VotesTest is Test {
    bytes32 private constant _VIDEO = "video";
    UserRegistry private _users;

    function setUp() external {
        vm.warp(1_800_000_000);
        _users = new UserRegistry(new ParatiiRegistry(address(this)));
    }

    function test_AVoteIsCastChangedAndWithdrawn() external {
        _users.vote(_VIDEO, Votes.Choice.Up);
        assertTotals(1, 0);
        _users.vote(_VIDEO, Votes.Choice.Up);
        assertTotals(1, 0);
        _users.vote(_VIDEO, Votes.Choice.Down);
        assertTotals(0, 1);
        _users.vote(_VIDEO, Votes.Choice.None);
        assertTotals(0, 0);
        (Votes.Choice choice, uint64 sequence) = _users.voteOf(address(this), _VIDEO);
        assertTrue(choice == Votes.Choice.None && sequence == 4, "the last one");
    }

    function test_ABatchBySignatureSkipsWhatIsOldExpiredForgedOrForNobody() external {
        Votes.SignedVote[] memory votes = new Votes.SignedVote[](7);
        votes[0] = signed(1, Votes.Choice.Up, 5);
        votes[1] = signed(2, Votes.Choice.Down, 5);
        votes[2] = signed(1, Votes.Choice.Down, 4);
        votes[3] = votes[0];
        votes[4] = signed(3, Votes.Choice.Up, 5);
        votes[4].user = vm.addr(4);
        votes[5] = signed(5, Votes.Choice.Up, 5);
        votes[5].deadline = block.timestamp - 1;
        votes[6] = Votes.SignedVote(address(0), _VIDEO, Votes.Choice.Up, 1, block.timestamp, Signature(0, 0));
        vm.recordLogs();
        _users.voteBySignatures(votes);
        assertEq(vm.getRecordedLogs().length, 7, "a log each");
        assertEq(_users.votesOf(_VIDEO).up, 1, "up");
        assertEq(_users.votesOf(_VIDEO).down, 1, "down");
        assertEq(_users.votesBy(vm.addr(1)).up, 1, "by the first");
    }

    function testFuzz_TheNewestVoteStandsInWhateverOrder(uint8[8] calldata order, uint8[8] calldata choices) external {
        Votes.SignedVote[] memory votes = new Votes.SignedVote[](8);
        for (uint256 i; i < 8; ++i) {
            uint256 which = order[i] % 8;
            votes[i] = signed(1, Votes.Choice(choices[which] % 3), uint64(which + 1));
        }
        _users.voteBySignatures(votes);
        uint256 newest;
        for (uint256 i; i < 8; ++i) {
            if (order[i] % 8 > newest) newest = order[i] % 8;
        }
        (Votes.Choice choice, uint64 sequence) = _users.voteOf(vm.addr(1), _VIDEO);
        assertEq(sequence, newest + 1, "sequence");
        assertEq(uint256(choice), choices[newest] % 3, "choice");
        assertEq(_users.votesOf(_VIDEO).up, choice == Votes.Choice.Up ? 1 : 0, "up");
        assertEq(_users.votesOf(_VIDEO).down, choice == Votes.Choice.Down ? 1 : 0, "down");
    }

    function signed(uint256 key, Votes.Choice choice, uint64 sequence) private view returns (Votes.SignedVote memory) {
        bytes32 typeHash =
            keccak256("Vote(address user,bytes32 video,uint8 choice,uint64 sequence,uint256 deadline)");
        bytes32 structHash =
            keccak256(abi.encode(typeHash, vm.addr(key), _VIDEO, choice, sequence, block.timestamp));
        Signature memory signature = sign(key, toDigest(_users.domainSeparator(), structHash));
        return Votes.SignedVote(vm.addr(key), _VIDEO, choice, sequence, block.timestamp, signature);
    }

    function assertTotals(uint256 up, uint256 down) private view {
        assertEq(_users.votesOf(_VIDEO).up, up, "up");
        assertEq(_users.votesOf(_VIDEO).down, down, "down");
        assertEq(_users.votesBy(address(this)).up, up, "up by me");
        assertEq(_users.votesBy(address(this)).down, down, "down by me");
    }
}
