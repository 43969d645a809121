using AsyncioSharp.Interop.Tests.Support;
using Npgsql;

namespace AsyncioSharp.Interop.Tests;

/// <summary>A database driver in coroutines: Npgsql against a PostgreSQL that the tests start.</summary>
public sealed class PostgresTests : IClassFixture<PostgresServer>, IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;

    public PostgresTests(PostgresServer server)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        _database = NpgsqlDataSource.Create(server.ConnectionString);
    }

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public void Rows_are_written_and_read_in_a_transaction()
    {
        Scenario.Run(async () =>
        {
            int thread = Environment.CurrentManagedThreadId;
            await using var connection = await _database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await Execute(connection, "create temporary table numbers (n int)");
            await Execute(connection, "insert into numbers select generate_series(1, 100)");
            int sum = 0;
            await using (var command = new NpgsqlCommand("select n from numbers", connection))
            {
                await using var reader = await command.ExecuteReaderAsync();
                while (await reader.ReadAsync())
                {
                    sum += reader.GetInt32(0);
                    Environment.CurrentManagedThreadId.ShouldBe(thread);
                }
            }
            sum.ShouldBe(5050);
            await transaction.CommitAsync();
        });
    }

    [Fact]
    public void The_servers_error_comes_out_of_the_await()
    {
        Scenario.Run(async () =>
        {
            await using var connection = await _database.OpenConnectionAsync();
            (await Scenario.FailureOf<PostgresException>(() => new NpgsqlCommand("select * from nowhere", connection).ExecuteNonQueryAsync()))
                .SqlState.ShouldBe("42P01");
            (await Number(connection, 1)).ShouldBe(1);
        });
    }

    [Fact]
    public void A_cancelled_or_timed_out_query_is_ended_on_the_server_by_the_tasks_token_and_the_connection_is_good_for_another()
    {
        Scenario.Run(async () =>
        {
            await using var connection = await _database.OpenConnectionAsync();
            await Scenario.CancelInTheMiddle(Sleep);
            await Settled(connection);
            await Scenario.TimeOut(Sleep);
            await Settled(connection);
            (await Number(connection, 2)).ShouldBe(2);

            async Task Sleep()
            {
                await using var command = new NpgsqlCommand("select pg_sleep(60)", connection);
                await command.ExecuteNonQueryAsync(CoroutineTask.Current.CancellationToken);
            }
        });
    }

    [Fact]
    public void A_query_without_the_token_is_left_behind_and_its_connection_with_it()
    {
        Scenario.Run(async () =>
        {
            var connection = await _database.OpenConnectionAsync();
            await Scenario.CancelInTheMiddle(() => new NpgsqlCommand("select pg_sleep(0.5)", connection).ExecuteNonQueryAsync());
            await Scenario.FailureOf<NpgsqlOperationInProgressException>(() => new NpgsqlCommand("select 1", connection).ExecuteNonQueryAsync());
            await Settled(connection);
            (await Number(connection, 3)).ShouldBe(3);
            await connection.DisposeAsync();
        });
    }

    [Fact]
    public void More_queries_at_once_than_there_are_connections()
    {
        Scenario.Run(async () =>
        {
            (await Scenario.AtOnce(60, Query)).ShouldBe(Enumerable.Range(0, 60));

            async Coroutine<int> Query(int i)
            {
                await using var connection = await _database.OpenConnectionAsync();
                return await Number(connection, i);
            }
        });
    }

    private static async Coroutine<int> Number(NpgsqlConnection connection, int n)
    {
        await using var command = new NpgsqlCommand("select $1::int", connection) { Parameters = { new() { Value = n } } };
        return (int)(await command.ExecuteScalarAsync())!;
    }

    private static async Coroutine Execute(NpgsqlConnection connection, string text)
    {
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync();
    }

    // The exception comes at once; the driver takes a moment longer to have the query ended.
    private static async Coroutine Settled(NpgsqlConnection connection)
    {
        while (connection.FullState.HasFlag(System.Data.ConnectionState.Executing) || connection.FullState.HasFlag(System.Data.ConnectionState.Fetching))
        {
            await Asyncio.Sleep(0.01);
        }
    }
}
