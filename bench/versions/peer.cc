// The same work by libapt-pkg: the order of apt itself, on raw text, in one thread.
//
//     peer PAIRS ROUNDS
#include <apt-pkg/debversion.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

static double processorSeconds()
{
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: peer PAIRS ROUNDS\n");
        return 2;
    }
    std::ifstream file(argv[1], std::ios::binary);
    std::string const raw((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    // libapt-pkg looks at the byte behind a version that ends in a digit: it must be no digit.
    std::string text;
    std::vector<int> bounds{0};
    for (char const byte : raw) {
        bool const isEnd = byte == '\t' || byte == '\n';
        text.push_back(isEnd ? '\0' : byte);
        if (isEnd)
            bounds.push_back(static_cast<int>(text.size()));
    }
    long sum = 0;
    double best = 1e9;
    for (int round = 0; round < std::atoi(argv[2]); ++round) {
        double const start = processorSeconds();
        sum = 0;
        for (size_t i = 0; i + 2 < bounds.size(); i += 2) {
            char const *const base = text.data();
            int const order = debVS.DoCmpVersion(
                base + bounds[i], base + bounds[i + 1] - 1, base + bounds[i + 1], base + bounds[i + 2] - 1);
            sum += order < 0 ? -1 : order > 0 ? 1 : 0;
        }
        double const time = processorSeconds() - start;
        if (time < best)
            best = time;
    }
    std::printf("%f\t%ld\n", static_cast<double>(bounds.size() / 2) / best / 1e6, sum);
}
